/**
 * `npm run attacks`: what each attack of the table costs, each in a process of its own: CPU of its thread, and
 * by how much the process grew. With an index: only that attack, as JSON. Ends with 1 if one is over a bound.
 */
import { spawnSync } from "node:child_process";
import { hostBytesMax, hostCpuMsMax } from "./attack.ts";
import { attacks } from "./table.ts";

interface Cost {
  cpuMs: number;
  bytes: number;
}

async function costOf(index: number): Promise<Cost> {
  const work = attacks[index]?.prepare();
  if (work === undefined) throw new Error(`there is no attack ${index}`);
  (globalThis as { gc?: () => void }).gc?.();
  const grownBefore = process.resourceUsage().maxRSS * 1_024;
  const bytesBefore = Math.max(process.memoryUsage().rss, grownBefore);
  const before = process.threadCpuUsage();
  await work();
  const { user, system } = process.threadCpuUsage(before);
  const bytes = process.resourceUsage().maxRSS * 1_024 - bytesBefore;
  return { cpuMs: (user + system) / 1_000, bytes: Math.max(0, bytes) };
}

function measureInOwnProcess(index: number): Cost | null {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ["--expose-gc", import.meta.filename, String(index)],
    {
      encoding: "utf8",
      timeout: 15_000,
    },
  );
  try {
    return JSON.parse(stdout) as Cost;
  } catch {
    if (stderr !== "") console.error(stderr.slice(0, 1_000));
    return null;
  }
}

const [index] = process.argv.slice(2);
if (index !== undefined && /^\d+$/.test(index)) {
  console.log(JSON.stringify(await costOf(Number(index))));
} else {
  let over = 0;
  for (const [at, { place, input }] of attacks.entries()) {
    if (index !== undefined && !`${place} ${input}`.includes(index)) continue;
    const cost = measureInOwnProcess(at);
    const isOver = cost === null || cost.cpuMs > hostCpuMsMax || cost.bytes > hostBytesMax;
    if (isOver) over += 1;
    const text =
      cost === null ? "no end" : `${cost.cpuMs.toFixed(0)} ms | ${Math.round(cost.bytes / 1e6)} MB`;
    console.log(`| ${place} | ${input} | ${text} |${isOver ? " OVER" : ""}`);
  }
  console.log(
    `${attacks.length} attacks, ${over} over ${hostCpuMsMax} ms or ${hostBytesMax / 1e6} MB`,
  );
  if (over > 0) process.exitCode = 1;
}
