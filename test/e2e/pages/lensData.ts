/** Made-up rows of two applications, raw and as their lenses read them: a Bedrock world, and a browser's storage. */
import type { EntryRow, LensInfo } from '../../../engine/protocol/engineApi.ts';
import { scramble } from './data.ts';

const utf8 = new TextEncoder();

export type LensScenario = 'lens' | 'secret';

export const LENS_ROWS = 400;
/** A token that must not be seen before it is asked for. */
export const SECRET = 'tok-not-a-real-one-0042';

export function lensesOf(scenario: LensScenario): LensInfo[] {
  return scenario === 'lens'
    ? [
        {
          id: 'minecraft-bedrock',
          title: 'Minecraft Bedrock world',
          confidence: 0.97,
          why: 'keys are chunk coordinates and names of Bedrock worlds',
        },
        { id: 'go-ethereum', title: 'go-ethereum', confidence: 0.4, why: 'some keys begin with its prefixes' },
        { id: 'value:bson', kind: 'values', title: 'BSON', confidence: 0.3, why: 'some values are documents' },
      ]
    : [
        {
          id: 'chromium-local-storage',
          title: 'Chromium Local Storage',
          confidence: 0.95,
          why: 'keys are META:origin and _origin',
        },
      ];
}

/** Row `i`; `lens` is the one that was asked for. Every seventh row of the world is read by no lens. */
export function lensRow(scenario: LensScenario, i: number, lens: string | undefined): EntryRow {
  const row = scenario === 'lens' ? worldRow(i) : storageRow(i);
  const { shown, ...raw } = row;
  const own = scenario === 'lens' ? 'minecraft-bedrock' : 'chromium-local-storage';
  return lens === undefined ? raw : { ...raw, shown: lens === own && shown !== undefined ? shown : {} };
}

const TAGS = ['data 3D', 'version', 'sub-chunk', 'block entities', 'entities', 'pending ticks'];

function worldRow(i: number): EntryRow {
  const x = Math.floor(i / 24) - 8;
  const z = (i % 24) - 12;
  const tag = i % TAGS.length;
  const key = new Uint8Array(9);
  const view = new DataView(key.buffer);
  view.setInt32(0, x, true);
  view.setInt32(4, z, true);
  key[8] = 43 + tag;
  const value = Uint8Array.from({ length: 40 + (scramble(i) % 160) }, (_, n) => scramble(i * 1000 + n) & 0xff);
  const nbt = `{"id":"Chest","x":${16 * x + 3},"y":64,"z":${16 * z + 9},"Items":[{"Count":${1 + (i % 64)},"Name":"minecraft:torch","Slot":0}]}`;
  const unread = i % 7 === 3;
  return {
    key,
    value,
    valueSize: value.length,
    seq: 1_000 + i,
    type: 'put',
    level: i % 3 === 0 ? 1 : 2,
    table: i % 3 === 0 ? 31 : 28,
    ...(unread
      ? {}
      : {
          shown: {
            key: `chunk ${x}, ${z} overworld: ${TAGS[tag]}`,
            value: tag === 1 ? { text: '40', language: 'text' as const } : { text: nbt, language: 'json' as const },
          },
        }),
  };
}

function storageRow(i: number): EntryRow {
  const origin = `https://app${i % 5}.example.org`;
  const name = ['session', 'theme', 'cart', 'lastVisit'][i % 4] ?? '';
  const text = i % 4 === 0 ? `{"token":"${SECRET}","user":${i}}` : `"${name} ${scramble(i).toString(36)}"`;
  const value = Uint8Array.of(1, ...utf8.encode(text));
  return {
    key: utf8.encode(`_${origin}\u0000\u0001${name}`),
    value,
    valueSize: value.length,
    seq: 500 + i,
    type: 'put',
    level: 0,
    table: 5,
    shown: { key: `${origin} "${name}"`, value: { text, language: i % 4 === 0 ? 'json' : 'text' } },
  };
}
