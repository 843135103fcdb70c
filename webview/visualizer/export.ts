/** What can be taken out of the page: the map as a picture, tables, edits and curves as CSV. The host writes the file. */
import { displayKey } from '../../engine/model/display.ts';
import { EVENT_KINDS, FLAG_INFERRED, FLAG_LIVE, FLAG_SIMULATED } from '../../engine/model/timeline/columns.ts';
import { hexText } from '../text/visible.ts';
import { el, icon } from '../ui/dom.ts';
import { type Menu, menu } from '../ui/menu.ts';
import type { Context } from './context.ts';
import { csv, type Field, fileName } from './csv.ts';
import { CURVE_WORDS, curveOf, curvesOf } from './curveData.ts';
import type { CurveId } from './saved.ts';
import { placeOf } from './seek.ts';
import { livesIn, treeOnShow } from './tree.ts';
import { captionAt, timeText } from './words.ts';

/** Positions in one call: what the engine takes. */
const BATCH = 4096;

export interface ExportOptions {
  /** `caption` stands below the picture. */
  readonly map: { svg(caption: string): string; png(caption: string): Promise<Uint8Array> };
  readonly storeName: () => string;
  readonly curves: () => readonly CurveId[];
  /** An export did not work. */
  fail(message: string): void;
}

export function exportMenu(context: Context, o: ExportOptions): Menu {
  const title = 'Export';
  const button = el('button', { class: 'icon-button', type: 'button', title, 'aria-label': title }, icon('save'));
  const tree = treeOnShow(context);
  const name = (what: string, extension: string): string =>
    fileName([o.storeName(), context.info?.familyName ?? '', what], extension);
  const save = (suggested: string, content: string | Uint8Array): void => {
    const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : content;
    context.host.do({ action: 'saveFile', suggested, bytes });
  };
  const trying = (work: () => void | Promise<void>) => (): void => {
    const run = async (): Promise<void> => work();
    run().catch((thrown: unknown) => o.fail(`The export did not work: ${(thrown as Error).message}`));
  };
  const place = (): number => placeOf(context);
  return menu(button, title, () => {
    const caption = captionAt(context.timeline, place());
    const none = context.timeline.events === 0;
    return [
      {
        label: 'Map as PNG…',
        disabled: none,
        run: trying(async () => save(name(`edit-${place()}`, 'png'), await o.map.png(caption))),
      },
      {
        label: 'Map as SVG…',
        disabled: none,
        run: trying(() => save(name(`edit-${place()}`, 'svg'), o.map.svg(caption))),
      },
      {
        label: 'Live tables as CSV…',
        disabled: none,
        run: trying(async () => {
          const at = place();
          save(name(`tables-edit-${at}`, 'csv'), await tablesCsv(context, livesIn(tree())));
        }),
      },
      { label: 'Edits as CSV…', disabled: none, run: trying(() => save(name('edits', 'csv'), eventsCsv(context))) },
      {
        label: 'Curves as CSV…',
        disabled: none || o.curves().length === 0,
        run: trying(() => save(name('curves', 'csv'), curvesCsv(context, o.curves()))),
      },
    ];
  });
}

async function tablesCsv(context: Context, lives: Uint32Array): Promise<string> {
  const { timeline: t, info, host } = context;
  const bounds = Float64Array.from([...lives].flatMap((l) => [t.smallest[l] as number, t.largest[l] as number]));
  const keys: Uint8Array[] = [];
  for (let i = 0; i < bounds.length; i += BATCH) {
    const positions = [...bounds.subarray(i, i + BATCH)];
    const p = { family: info?.family ?? 0, epoch: info?.epoch ?? 0, positions };
    keys.push(...(await host.call('timelineKeys', p).result));
  }
  const rows = Array.from(lives, (life, i): Field[] => {
    const smallest = keys[2 * i] ?? new Uint8Array();
    const largest = keys[2 * i + 1] ?? new Uint8Array();
    return [
      t.number[life] as number,
      t.level[life] as number,
      t.bytes[life] as number,
      displayKey(smallest, 2 ** 20),
      displayKey(largest, 2 ** 20),
      hexText(smallest),
      hexText(largest),
      t.smallestSeq[life] as number,
      t.largestSeq[life] as number,
      t.entries[life] as number,
      t.deletions[life] as number,
      t.rawBytes[life] as number,
      t.filterBytes[life] as number,
      timeText(t.createdAt[life] as number),
      (t.born[life] as number) + 1,
    ];
  });
  const header = ['table', 'level', 'bytes', 'smallest key', 'largest key', 'smallest key (hex)', 'largest key (hex)'];
  header.push('smallest sequence', 'largest sequence', 'entries', 'deletions', 'uncompressed bytes', 'filter bytes');
  return csv([...header, 'created (UTC)', 'since edit'], rows);
}

export function eventsCsv({ timeline: t }: Pick<Context, 'timeline'>): string {
  const rows = function* (): Generator<Field[]> {
    for (let e = 0; e < t.events; e++) {
      const flags = t.flags[e] as number;
      yield [
        e + 1,
        timeText(t.at[e] as number),
        EVENT_KINDS[t.kind[e] as number] ?? 'unknown',
        (flags & FLAG_LIVE) !== 0 ? 'live' : (flags & FLAG_SIMULATED) !== 0 ? 'simulated' : 'manifest',
        (flags & FLAG_INFERRED) !== 0 ? 'inferred' : 'told',
        captionAt(t, e + 1),
        t.reason(e),
        (t.removedStart[e + 1] as number) - (t.removedStart[e] as number),
        (t.addedStart[e + 1] as number) - (t.addedStart[e] as number),
        t.readBytes[e] as number,
        t.writtenBytes[e] as number,
        t.recordsIn[e] as number,
        t.recordsOut[e] as number,
        t.micros[e] as number,
      ];
    }
  };
  const header = [
    'edit',
    'time (UTC)',
    'kind',
    'source',
    'kind is',
    'what',
    'reason',
    'tables removed',
    'tables added',
  ];
  return csv([...header, 'bytes read', 'bytes written', 'records in', 'records out', 'microseconds'], rows());
}

function curvesCsv(context: Context, shown: readonly CurveId[]): string {
  const { timeline: t } = context;
  const curves = curvesOf(context);
  const columns = shown.flatMap((id) => {
    const { title } = CURVE_WORDS[id];
    return (curves === undefined ? [] : curveOf(curves, id, context.track).series).map((s) => ({
      name: s.label === '' ? title : `${title}, ${s.label}`,
      values: s.values,
    }));
  });
  const rows = function* (): Generator<Field[]> {
    for (let place = 0; place <= t.events; place++) {
      const time = place === 0 ? '' : timeText(t.at[place - 1] as number);
      yield [place, time, ...columns.map((c) => c.values[place] as number)];
    }
  };
  return csv(['edit', 'time (UTC)', ...columns.map((c) => c.name)], rows());
}
