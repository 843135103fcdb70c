/** Worlds of Minecraft Bedrock (other-engines.md §1): chunks by coordinates, and named records; values are NBT. */
import { hex, strictText } from '../../base/bytes.ts';
import { Bytes, startsWith } from '../bytes.ts';
import { type Lens, type LensContext, type LensKind, type LensMatch, shareOf } from '../lens.ts';
import { nbtText } from '../nbt.ts';

const TAGS: Readonly<Record<number, string>> = {
  43: 'data 3D',
  44: 'version',
  45: 'data 2D',
  46: 'legacy data 2D',
  47: 'sub-chunk',
  48: 'legacy terrain',
  49: 'block entities',
  50: 'entities',
  51: 'pending ticks',
  52: 'legacy block extra data',
  53: 'biome state',
  54: 'finalized state',
  55: 'conversion data',
  56: 'border blocks',
  57: 'hard-coded spawn areas',
  58: 'random ticks',
  59: 'checksums',
  60: 'generation seed',
  61: 'generated before Caves & Cliffs',
  62: 'blending biome height',
  63: 'metadata hash',
  64: 'blending data',
  65: 'actor digest version',
  118: 'legacy version',
};
const NAMED = [
  '~local_player',
  'player_',
  'map_',
  'VILLAGE_',
  'portals',
  'scoreboard',
  'mobevents',
  'AutonomousEntities',
  'BiomeData',
  'Overworld',
  'Nether',
  'TheEnd',
  'schedulerWT',
  'game_flatworldlayers',
  'structuretemplate_',
  'tickingarea_',
  'LevelChunkMetaDataDictionary',
  'dimension0',
  'dimension1',
  'dimension2',
];
const DIMENSIONS = ['overworld', 'nether', 'end'];

/** No world reaches further: text that happens to be as long as a chunk's key does. */
const CHUNKS_MAX = 4_000_000;

/** `x z [dimension] tag [index]`; undefined for anything else. */
function chunkKey(key: Uint8Array): { tag: number; text: string } | undefined {
  if (![9, 10, 13, 14].includes(key.length)) return undefined;
  const s = new Bytes(key);
  const x = s.i32();
  const z = s.i32();
  const dimension = key.length >= 13 ? s.i32() : 0;
  const tag = s.u8();
  const name = TAGS[tag];
  if (Math.abs(x) > CHUNKS_MAX || Math.abs(z) > CHUNKS_MAX) return undefined;
  if (name === undefined || (s.left > 0 && tag !== 0x2f)) return undefined;
  const at = s.left > 0 ? ` ${s.i8()}` : '';
  return { tag, text: `chunk ${x}, ${z} ${DIMENSIONS[dimension] ?? `dimension ${dimension}`}: ${name}${at}` };
}

const isNamed = (key: Uint8Array): boolean => NAMED.some((n) => startsWith(key, n));

const lens: Lens = {
  id: 'minecraft-bedrock',
  title: 'Minecraft Bedrock world',
  key: (key) => {
    if (startsWith(key, 'actorprefix')) return `actor 0x${hex(key.subarray(11))}`;
    if (startsWith(key, 'digp')) {
      const s = new Bytes(key.subarray(4));
      const place = `${s.i32()}, ${s.i32()}`;
      const dimension = s.left >= 4 ? s.i32() : 0;
      return s.bad ? undefined : `actors of chunk ${place} ${DIMENSIONS[dimension] ?? `dimension ${dimension}`}`;
    }
    return isNamed(key) ? strictText(key) : (chunkKey(key)?.text ?? strictText(key));
  },
  value: (key, value) => {
    const chunk = isNamed(key) ? undefined : chunkKey(key);
    if (chunk !== undefined && [0x2c, 0x76, 0x41, 0x36].includes(chunk.tag) && value.length <= 4) {
      return { text: String(new Bytes(value).little(value.length)), language: 'text' };
    }
    const nbt = nbtText(value);
    return nbt === undefined ? undefined : { text: nbt, language: 'json' };
  },
};

export const bedrock: LensKind = {
  id: lens.id,
  title: lens.title,
  detect: (context: LensContext): LensMatch | undefined => {
    if (context.engine !== 'leveldb') return undefined;
    const named = context.sample.some((e) => isNamed(e.key));
    const share = shareOf(
      context,
      (k) => chunkKey(k) !== undefined || isNamed(k) || startsWith(k, 'actorprefix') || startsWith(k, 'digp'),
    );
    if (share < 0.7 || (!named && share < 0.95)) return undefined;
    return { lens, confidence: share, why: 'keys are chunk coordinates and names of Bedrock worlds' };
  },
};
