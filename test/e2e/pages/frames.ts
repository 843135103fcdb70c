/** What a page does with its time, seen from inside of it: for the benchmark, which moves the mouse from outside. */

export interface FrameTimes {
  /** Milliseconds from the `init` message to the first frame with a map, and to the whole history on show. */
  firstPaint: number;
  whole: number;
  /** Begins to record when frames start. */
  start(): void;
  /** Milliseconds between frames since `start`. */
  stop(): number[];
}

/** Something is painted on it. */
function hasInk(canvas: HTMLCanvasElement): boolean {
  if (canvas.width === 0 || canvas.height === 0) return false;
  const row = canvas.getContext('2d')?.getImageData(0, Math.floor(canvas.height / 2), canvas.width, 1).data;
  return row?.some((v, i) => i % 4 === 3 && v > 0) === true;
}

export function watchFrames(events: number): FrameTimes & { begin(): void } {
  let stamps: number[] = [];
  let asked = 0;
  const tick = (now: number): void => {
    stamps.push(now);
    asked = requestAnimationFrame(tick);
  };
  const times = {
    firstPaint: 0,
    whole: 0,
    begin: (): void => {
      const began = performance.now();
      const look = (): void => {
        const canvas = document.querySelector<HTMLCanvasElement>('.map-pane canvas');
        const slider = document.querySelector('.scrubber');
        const there = Number(slider?.getAttribute('aria-valuemax'));
        if (times.firstPaint === 0 && there > 0 && canvas !== null && hasInk(canvas)) {
          times.firstPaint = performance.now() - began;
        }
        const at = Number(slider?.getAttribute('aria-valuenow'));
        if (there === events && at === events && times.firstPaint > 0) times.whole = performance.now() - began;
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    },
    start: (): void => {
      stamps = [];
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(tick);
    },
    stop: (): number[] => {
      cancelAnimationFrame(asked);
      return stamps.slice(1).map((t, i) => t - (stamps[i] as number));
    },
  };
  return times;
}
