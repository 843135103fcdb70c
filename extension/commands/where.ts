/** Conditions as people type them: checked by the engine with every key, in the family's own fields. */
import * as vscode from 'vscode';
import type { FamilySummary } from '../../engine/protocol/engineApi.ts';
import { StoreError } from '../../engine/protocol/rpc.ts';
import type { Store } from '../store.ts';

const t = vscode.l10n.t;

/** Resolves to the condition, empty for none; undefined where the person gave up. */
export async function askWhere(store: Store, family: FamilySummary, value: string): Promise<string | undefined> {
  const field = await firstField(store, family);
  const byKey = field === undefined ? 'key ~ /^user:\\d+$/' : `key.${field} = 42`;
  const typed = await vscode.window.showInputBox({
    title: t('Condition on {0}', family.name),
    prompt: t('Entries for which this holds; empty for all. For example {0}, or {1}', byKey, 'not value.error'),
    placeHolder: 'value.user.age >= 30 and value.tags ~ "vip"',
    value,
    ignoreFocusOut: true,
    validateInput: async (input) => (input.trim() === '' ? undefined : whatIsWrong(store, family.id, input)),
  });
  return typed?.trim();
}

/** Throws INPUT for a condition that is wrong. */
export async function checkWhere(store: Store, family: number, where: string): Promise<void> {
  const problem = await store.call('checkWhere', { family, where });
  if (problem !== null) throw new StoreError('INPUT', problem.message, { mend: problem.mend });
}

async function whatIsWrong(store: Store, family: number, where: string): Promise<string | undefined> {
  const problem = await store.call('checkWhere', { family, where });
  if (problem === null) return undefined;
  return problem.mend === undefined ? problem.message : `${problem.message}; ${problem.mend}`;
}

async function firstField(store: Store, family: FamilySummary): Promise<string | undefined> {
  const { schemas } = await store.call('keySchemas', { family: family.id }).catch(() => ({ schemas: [] }));
  return schemas[0]?.fields[0]?.name;
}
