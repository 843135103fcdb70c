/** The tab of the data blocks: a strip along the file, and a grid of them. */
import type { BlockRow, TableProfile } from '../../engine/protocol/engineApi.ts';
import { ChunkCache } from '../results/chunkCache.ts';
import { rowSource } from '../results/rowSource.ts';
import { count, plural } from '../text/numbers.ts';
import { appendLine } from '../ui/bytesView.ts';
import { el, icon, setText } from '../ui/dom.ts';
import { Grid, type GridColumn } from '../ui/grid.ts';
import type { Host } from '../ui/host.ts';
import { BlockStrip } from './blockStrip.ts';
import { blocksCsv, compressionText, savedBy } from './words.ts';

const UNREADABLE = 255;

export interface BlockActions {
  readonly host: Host;
  readonly table: () => number;
  /** The annotated bytes of the block at `offset`. */
  openBytes(offset: number): void;
  /** Writes a file where a person says. */
  save(csv: string): void;
  /** Its entries, in the next tab. */
  showEntries(block: number): void;
  failed(message: string): void;
  changed(): void;
}

export class BlocksTab {
  readonly element = el('div', { class: 'panel' });
  readonly grid: Grid<BlockRow>;
  readonly #a: BlockActions;
  readonly #strip: BlockStrip;
  readonly #cache: ChunkCache<BlockRow>;
  readonly #words = el('span', { class: 'dim', role: 'status' });
  readonly #bytes = toolButton('Open Bytes', 'The block’s bytes, annotated, as a text document (Enter)');
  readonly #entries = toolButton('Show Entries', 'Only the entries of this block');
  readonly #save = toolButton('Save as CSV…', 'What is measured of each block, as a file');
  #profile: TableProfile | undefined;
  #total = 0;

  constructor(actions: BlockActions) {
    this.#a = actions;
    this.#cache = new ChunkCache<BlockRow>({
      chunkRows: 400,
      chunksMax: 40,
      inFlightMax: 2,
      fetch: (from, limit) => {
        const call = actions.host.call('blocks', { table: actions.table(), offset: from, limit });
        return {
          result: call.result.then((page) => {
            if (page.total !== this.#total) this.#setTotal(page.total);
            return page.items;
          }),
          cancel: () => call.cancel(),
        };
      },
      onRows: (from, n) => {
        this.grid.rowsArrived(from, n);
        this.#paintTools();
      },
      onError: (_from, _n, reason) => {
        this.grid.repaint();
        actions.failed(`The blocks could not be listed: ${(reason as Error).message}`);
      },
    });
    this.grid = new Grid<BlockRow>({
      label: 'Data blocks',
      columns: this.#columns(),
      source: rowSource(this.#cache),
      onSelect: (i) => {
        this.#strip.selected = i;
        this.#paintTools();
      },
      onOpen: (i) => this.#open(i),
      onChange: () => actions.changed(),
    });
    this.#strip = new BlockStrip(
      (block) => {
        this.grid.select(block);
        this.grid.element.focus({ preventScroll: true });
      },
      (block) => this.#open(block),
    );
    this.#bytes.addEventListener('click', () => this.#open(this.grid.selected));
    this.#entries.addEventListener('click', () => {
      if (this.grid.selected >= 0) actions.showEntries(this.grid.selected);
    });
    this.#save.addEventListener('click', () => {
      if (this.#profile !== undefined) actions.save(blocksCsv(this.#profile));
    });
    this.element.append(
      this.#strip.element,
      el(
        'div',
        { class: 'tools' },
        this.#bytes,
        this.#entries,
        el('span', { class: 'spring' }),
        this.#words,
        this.#save,
      ),
      el('div', { class: 'grid-room' }, this.grid.element),
    );
    this.#paintTools();
  }

  /** Another table, or the same after the engine came back; `total` blocks as far as known. */
  reset(total: number): void {
    this.#cache.clear();
    // The number of blocks comes with the first answer; one row is enough to ask for it.
    this.#setTotal(Math.max(1, total));
  }

  retry(): void {
    this.#cache.retry();
    this.grid.repaint();
  }

  set profile(profile: TableProfile | undefined) {
    this.#profile = profile;
    this.#strip.profile = profile;
    if (profile !== undefined) this.#setTotal(profile.blocks.offset.length);
    this.grid.repaint();
    this.#paintTools();
  }

  /** After a restored selection. */
  refreshSelection(): void {
    this.#strip.selected = this.grid.selected;
    this.#paintTools();
  }

  #setTotal(total: number): void {
    this.#total = total;
    this.#cache.total = total;
    this.grid.setRows(total);
  }

  /** The offset of a block, from whichever answer is there. */
  #offset(block: number): number | undefined {
    return this.#cache.row(block)?.offset ?? this.#profile?.blocks.offset[block];
  }

  #open(block: number): void {
    const offset = this.#offset(block);
    if (offset !== undefined) this.#a.openBytes(offset);
  }

  #paintTools(): void {
    const block = this.grid?.selected ?? -1;
    const usable = block >= 0 && this.#offset(block) !== undefined;
    this.#bytes.disabled = !usable;
    this.#entries.disabled = block < 0;
    this.#save.disabled = this.#profile === undefined;
    setText(this.#words, usable ? `Block ${count(block)} of ${plural(this.#total, 'data block')}` : '');
  }

  #columns(): readonly GridColumn<BlockRow>[] {
    const measured = (show: (p: TableProfile, i: number) => string) => (cell: HTMLElement, row: BlockRow) => {
      const p = this.#profile;
      if (p === undefined) cell.textContent = '…';
      else if (p.blocks.compression[row.index] === UNREADABLE) cell.textContent = '–';
      else cell.textContent = show(p, row.index);
    };
    return [
      {
        id: 'index',
        title: '#',
        hint: 'Position among the data blocks, from 0',
        width: 76,
        min: 40,
        align: 'right',
        muted: true,
        ahead: (i) => count(i),
        render: (cell, row) => {
          cell.textContent = count(row.index);
        },
      },
      {
        id: 'offset',
        title: 'Offset',
        hint: 'Where the block begins in the file, in bytes',
        width: 110,
        min: 50,
        align: 'right',
        render: (cell, row) => {
          cell.textContent = count(row.offset);
        },
      },
      {
        id: 'stored',
        title: 'Stored',
        hint: 'Bytes in the file, without the 5 bytes of trailer',
        width: 80,
        min: 40,
        align: 'right',
        render: (cell, row) => {
          cell.textContent = count(row.size);
        },
      },
      {
        id: 'raw',
        title: 'Raw',
        hint: 'Bytes once unpacked',
        width: 80,
        min: 40,
        align: 'right',
        render: measured((p, i) => count(p.blocks.rawBytes[i] ?? 0)),
      },
      {
        id: 'ratio',
        title: 'Ratio',
        hint: 'Raw over stored bytes',
        width: 64,
        min: 40,
        align: 'right',
        render: measured((p, i) => savedBy(p.blocks.rawBytes[i] ?? 0, p.blocks.bytes[i] ?? 0)),
      },
      {
        id: 'compression',
        title: 'Compression',
        width: 124,
        min: 50,
        render: (cell, row) => {
          const p = this.#profile;
          const code = p?.blocks.compression[row.index];
          if (code === UNREADABLE) cell.append(el('span', { class: 'row-problem' }, icon('warning')), 'cannot be read');
          else {
            const share = p?.compression[code ?? UNREADABLE];
            cell.textContent = share === undefined ? '…' : compressionText(share);
          }
        },
      },
      {
        id: 'entries',
        title: 'Entries',
        width: 70,
        min: 40,
        align: 'right',
        render: measured((p, i) => count(p.blocks.entries[i] ?? 0)),
      },
      {
        id: 'separator',
        title: 'Up to key',
        hint: 'The index’s separator: at or behind the last key of the block, before the first of the next',
        width: 220,
        min: 60,
        flex: true,
        mono: true,
        render: (cell, row) => appendLine(cell, row.separator, 'text', true),
      },
    ];
  }
}

export function toolButton(label: string, title: string): HTMLButtonElement {
  return el('button', { class: 'tool-button', type: 'button', title }, label);
}
