/** Which second history a visualiser shows beside its own: a family of a listed store, or of one at a path. */
import * as vscode from 'vscode';
import { formatBytes } from '../../engine/model/display.ts';
import type { TrackId, TrackInit } from '../../engine/protocol/viewApi.ts';
import type { Services } from '../services.ts';
import type { Store } from '../store.ts';
import { engineName } from '../trees/items.ts';

const t = vscode.l10n.t;

export interface TrackChoice {
  readonly store: Store;
  /** Name of its column family. */
  readonly family: string;
}

type Item = vscode.QuickPickItem & { readonly choice?: () => Promise<TrackChoice | undefined> };

/** What the page is told of it; undefined once its store is closed. */
export function trackOf({ store, family }: TrackChoice): TrackInit | undefined {
  const { summary } = store;
  if (store.state !== 'open' || summary === undefined) return undefined;
  const label = summary.families.length > 1 ? `${store.name}, ${family}` : store.name;
  return { path: store.path, family, label, summary };
}

/** Lets a person choose one; undefined where they give up. */
export async function chooseTrack(services: Services, beside: Store): Promise<TrackChoice | undefined> {
  const items: Item[] = services.stores.list
    .filter((s) => s.kind === 'directory')
    .flatMap((s) => familiesOf(s, beside));
  items.push({
    label: `$(folder-opened) ${t('Another store…')}`,
    description: t('by its directory'),
    alwaysShow: true,
    choice: async () => {
      const folders = await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false });
      const directory = folders?.[0]?.fsPath;
      if (directory === undefined) return undefined;
      const store = services.stores.choose(directory);
      await store.open();
      return pickFamily(store);
    },
  });
  const picked = await vscode.window.showQuickPick(items, {
    title: t('Compare the history of {0}', beside.name),
    placeHolder: t('Which history beside it? They are laid together by the bytes that they have taken in.'),
    matchOnDescription: true,
  });
  return picked?.choice?.();
}

/** One that was shown before; undefined if it is there no more. */
export async function restoredTrack(services: Services, id: TrackId): Promise<TrackChoice | undefined> {
  const store = services.stores.byPath(id.path);
  if (store === undefined) return undefined;
  const summary = await store.open();
  return summary.families.some((f) => f.name === id.family) ? { store, family: id.family } : undefined;
}

function familiesOf(store: Store, beside: Store): Item[] {
  const families = store.state === 'open' ? (store.summary?.families ?? []) : [];
  if (store !== beside && families.length <= 1) {
    const description = store.summary === undefined ? store.path : engineName(store.summary.engine);
    const choice = async (): Promise<TrackChoice | undefined> => {
      await store.open();
      return pickFamily(store);
    };
    return [{ label: store.name, description, detail: store.path, choice }];
  }
  // Beside a family of the same store the others are of interest.
  if (store === beside && families.length <= 1) return [];
  return families.map((family) => ({
    label: `${store.name}, ${family.name}`,
    description: formatBytes(family.bytes),
    choice: () => Promise.resolve({ store, family: family.name }),
  }));
}

async function pickFamily(store: Store): Promise<TrackChoice | undefined> {
  const families = store.summary?.families ?? [];
  const name =
    families.length === 1
      ? families[0]?.name
      : await vscode.window.showQuickPick(
          families.map((f) => f.name),
          { title: store.name, placeHolder: t('Which column family?') },
        );
  return name === undefined ? undefined : { store, family: name };
}
