// Loaded with --require into every Node process that is measured: at its end it writes the peak of resident
// memory and the processor time to descriptor 3.
const { readFileSync, writeSync } = require('node:fs');

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  let peak = process.resourceUsage().maxRSS * 1024;
  try {
    // ru_maxrss also counts the parent's memory between fork and exec; VmHWM is this program's alone.
    peak = Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  } catch {
    // No /proc: what resourceUsage says has to do.
  }
  writeSync(3, `${JSON.stringify({ peak, cpu: (user + system) / 1e6 })}\n`);
});
