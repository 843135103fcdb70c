export const root: string;
export const artifacts: string;
export function cacheFolder(): string;
export function say(text: string): void;
export class Sentence extends Error {}
export function main(run: () => Promise<unknown>): Promise<void>;
export function onPath(...names: string[]): string | undefined;
export function run(
  file: string,
  args: readonly string[],
  options?: { cwd?: string; env?: NodeJS.ProcessEnv; show?: boolean; timeout?: number; tee?: boolean },
): Promise<{ code: number; output: string; late?: boolean }>;
export function tail(output: string, lines?: number): string;
export function atomically(folder: string, fill: (part: string) => Promise<void>): Promise<boolean>;
