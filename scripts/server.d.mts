export interface CodeServer {
  readonly port: number;
  /** Resolves with the exit code when the server ended. */
  readonly ended: Promise<number | null>;
  stop(): Promise<void>;
  address(folder: string | undefined, options?: { readonly tests?: string }): string;
}
export function freePort(preferred?: number): Promise<number>;
export function startServer(options: {
  readonly data: string;
  readonly port?: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** false: the extension gallery is not asked for anything. */
  readonly gallery?: boolean;
  readonly env?: Readonly<Record<string, string>>;
  /** As in a person's own VS Code; tests in the extension host need it under development. */
  readonly installed?: boolean;
}): Promise<CodeServer>;
