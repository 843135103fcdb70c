/**
 * Lenses: how an application's keys and values read. Which of them fit a family is asked once after its store was
 * opened, in the background; which one a person chose is remembered for the workspace.
 */
import * as vscode from 'vscode';
import type { LensInfo } from '../engine/protocol/engineApi.ts';
import { describeProblem, toStoreError } from '../engine/protocol/rpc.ts';
import type { LensChoice } from '../engine/protocol/viewApi.ts';
import { STATE } from './ids.ts';
import { isCancelled } from './messages.ts';
import { settings } from './settings.ts';
import type { Store } from './store.ts';
import type { Stores } from './stores.ts';

/** Column families of one store that are looked at by themselves. */
const FAMILIES_MAX = 16;
/** Choices that are remembered. */
const CHOICES_MAX = 500;

/** A lens that was chosen by a command, for the pages that show the family. */
export interface ChosenLens {
  readonly store: Store;
  readonly family: number;
  readonly lens: string;
}

const chosenLens = new vscode.EventEmitter<ChosenLens>();
export const onLensChosen = chosenLens.event;

export async function chooseLens(memento: vscode.Memento, chosen: ChosenLens): Promise<void> {
  await rememberLens(memento, chosen.store, chosen.family, chosen.lens);
  chosenLens.fire(chosen);
}

/** `path\0family name` → lens, or null for none. */
type Choices = Readonly<Record<string, string | null>>;

/** What a page that shows entries of a family needs to know. */
export function lensChoice(memento: vscode.Memento, store: Store, family: number): LensChoice {
  const chosen = memento.get<Choices>(STATE.lenses, {})[place(store, family)];
  return { auto: settings.autoLens(), ...(chosen === undefined ? {} : { chosen }) };
}

export async function rememberLens(
  memento: vscode.Memento,
  store: Store,
  family: number,
  lens: string | null,
): Promise<void> {
  const key = place(store, family);
  const others = Object.entries(memento.get<Choices>(STATE.lenses, {})).filter(([k]) => k !== key);
  await memento.update(STATE.lenses, Object.fromEntries([...others, [key, lens]].slice(-CHOICES_MAX)));
}

function place(store: Store, family: number): string {
  return `${store.path}\0${store.family(family)?.name ?? family}`;
}

/** Asks each store that was opened which lenses fit its families. */
export function findLenses(stores: Stores, log: vscode.LogOutputChannel): vscode.Disposable {
  /** The closing that a store was asked after. */
  const asked = new WeakMap<Store, number>();
  const ask = async (store: Store): Promise<void> => {
    const found = new Map<number, readonly LensInfo[]>();
    try {
      for (const { id } of store.summary?.families.slice(0, FAMILIES_MAX) ?? []) {
        const lenses = await store.call('lenses', { family: id });
        if (lenses.length > 0) found.set(id, lenses);
      }
    } catch (thrown) {
      if (!isCancelled(thrown)) log.debug(`${store.path}: no lenses: ${describeProblem(toStoreError(thrown))}`);
    }
    if (found.size > 0 && store.state === 'open') store.setLenses(found);
  };
  return stores.onStoreChanged((store) => {
    if (store.state !== 'open' || asked.get(store) === store.epoch || !settings.autoLens()) return;
    asked.set(store, store.epoch);
    void ask(store);
  });
}
