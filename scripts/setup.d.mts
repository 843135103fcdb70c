/** Path of the Chromium that is installed here, or undefined. */
export function chromium(): string | undefined;
export function rocksdbTools(): boolean;
export function node24(): Promise<string>;
