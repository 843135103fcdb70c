/**
 * Where a virtual list stands: pure arithmetic, no DOM.
 *
 * A browser caps the height of an element (about 17 to 33 million pixels), so a long list cannot
 * have its real height. Up to `physicalMax` pixels the scrollbar and the list move one to one.
 * Above, the scrollbar covers `physicalMax` pixels and dragging it is scaled; wheel and keyboard
 * do not go through it, they move `top` by exact pixels and the scrollbar follows. A scroll event
 * that only reports where we put the scrollbar ourselves is recognised and ignored, so the rounding
 * of the scaled position never reaches the rows.
 */
export class ScrollModel {
  /** Pixels; constant for all rows. */
  readonly rowHeight: number;
  readonly physicalMax: number;
  #rows = 0;
  #viewport = 0;
  #top = 0;
  #placed = 0;

  constructor(rowHeight: number, physicalMax = 6_000_000) {
    this.rowHeight = rowHeight;
    this.physicalMax = physicalMax;
  }

  get rows(): number {
    return this.#rows;
  }

  /** Pixels of the list above the viewport: exact, not scaled. */
  get top(): number {
    return this.#top;
  }

  get viewport(): number {
    return this.#viewport;
  }

  get topMax(): number {
    return Math.max(0, this.#rows * this.rowHeight - this.#viewport);
  }

  /** How far the scrollbar can travel, in pixels. */
  get physicalRange(): number {
    return Math.min(this.topMax, this.physicalMax);
  }

  get scaled(): boolean {
    return this.topMax > this.physicalMax;
  }

  /** Where the scrollbar should stand for `top`. */
  get physicalTop(): number {
    return this.scaled ? Math.round((this.#top * this.physicalMax) / this.topMax) : this.#top;
  }

  get firstRow(): number {
    return Math.floor(this.#top / this.rowHeight);
  }

  /** Last row of which a pixel is seen; -1 in an empty list. */
  get lastRow(): number {
    return Math.min(this.#rows, Math.ceil((this.#top + this.#viewport) / this.rowHeight)) - 1;
  }

  /** Rows that fit as a whole; at least 1. */
  get pageRows(): number {
    return Math.max(1, Math.floor(this.#viewport / this.rowHeight));
  }

  resize(rows: number, viewport: number): void {
    this.#rows = rows;
    this.#viewport = viewport;
    this.moveTo(this.#top);
  }

  moveTo(top: number): void {
    this.#top = Math.min(this.topMax, Math.max(0, top));
  }

  moveBy(pixels: number): void {
    this.moveTo(this.#top + pixels);
  }

  /** Brings `row` into view with the least movement. */
  reveal(row: number): void {
    const start = row * this.rowHeight;
    if (start < this.#top) this.moveTo(start);
    else if (start + this.rowHeight > this.#top + this.#viewport) this.moveTo(start + this.rowHeight - this.#viewport);
  }

  /** Remembers where the scrollbar was put (it may round) so that its event can be told from a person's. */
  placed(physical: number): void {
    this.#placed = physical;
  }

  /** A scroll event says that the scrollbar is at `physical`; true if that moved the list. */
  scrolledTo(physical: number): boolean {
    if (this.scaled && Math.abs(physical - this.#placed) < 1) return false;
    this.#placed = physical;
    const before = this.#top;
    this.moveTo(this.scaled ? (physical / this.physicalMax) * this.topMax : physical);
    return this.#top !== before;
  }
}
