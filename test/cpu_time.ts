/** CPU milliseconds of a call, where the runtime can measure its thread; else of the process. */
export function cpuMsOf(call: () => unknown): number {
  const usage = process.threadCpuUsage ?? process.cpuUsage;
  const before = usage.call(process);
  call();
  const after = usage.call(process);
  return (after.user + after.system - before.user - before.system) / 1000;
}
