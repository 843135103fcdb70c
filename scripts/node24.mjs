/** Runs a TypeScript file under Node 24: `node scripts/node24.mjs FILE [ARGS]`. */
import { main, run } from './lib.mjs';
import { node24, packages } from './setup.mjs';

await main(async () => {
  await packages();
  const { code } = await run(await node24(), process.argv.slice(2), { show: true });
  return code;
});
