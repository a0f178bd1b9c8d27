/** What one governor costs at rising rates, in simulated time: `node test/bench/governor.ts`. */
import { runAtRate } from "../governor/at_rate.ts";

const seconds = 300;

for (const requestsPerMinute of [300, 3_000, 30_000]) {
  for (const [calls, callMs] of [
    [1, 2_000],
    [7, 30_000],
  ] as const) {
    const from = process.cpuUsage();
    const use = await runAtRate({ requestsPerMinute, callMs, calls, seconds });
    const { user, system } = process.cpuUsage(from);
    console.log({
      requestsPerMinute,
      calls,
      callSeconds: callMs / 1000,
      callsPerSecond: Math.round(use.calls / seconds),
      tasksInProgress: use.slotsMax,
      requestsPerCall: Math.round((use.requests / use.calls) * 100) / 100,
      rowsPerSecond: Math.round((use.rowsStored / seconds) * 100) / 100,
      rowBytes: use.rowBytesMax,
      // The simulation included.
      cpuMsPerRequest: Math.round((user + system) / use.requests) / 1000,
    });
  }
}
process.exit(0);
