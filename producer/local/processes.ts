/** Ending what was started, by process id, down to the last child. */
import { type ChildProcess, execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

const pidFile = (stateDir: string): string => path.join(stateDir, "fleet.pid");

export function recordPid(stateDir: string, pid: number | undefined): void {
  if (pid !== undefined) fs.writeFileSync(pidFile(stateDir), String(pid));
}

/**
 * A SIGKILL to the runner alone leaves the runtime holding the port and the database. The next start
 * ends it, but only when the recorded process still is a wrangler: process ids are reused.
 */
export async function clearStale(stateDir: string): Promise<void> {
  const file = pidFile(stateDir);
  if (!fs.existsSync(file)) return;
  const pid = Number(fs.readFileSync(file, "utf8"));
  fs.rmSync(file);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const tree = treeOf(pid).filter(({ command }) => /wrangler|workerd|esbuild/.test(command));
  for (const { pid: each } of tree) signal(each, "SIGKILL");
  await gone(tree.map((each) => each.pid));
}

const graceMs = 5_000;

/** Asks first, then kills; children are found before their parent goes, or they would be lost. */
export async function endTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const pids = treeOf(child.pid).map((each) => each.pid);
  signal(child.pid, "SIGTERM");
  if (await gone(pids)) return;
  for (const pid of pids) signal(pid, "SIGKILL");
  await gone(pids);
}

interface Process {
  pid: number;
  parent: number;
  command: string;
}

/** The process and all below it, as `ps` shows them now. */
function treeOf(root: number): Process[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  const all = lines.split("\n").flatMap((line): Process[] => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match === null
      ? []
      : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? "" }];
  });
  const tree = all.filter((each) => each.pid === root);
  for (const parent of tree) tree.push(...all.filter((each) => each.parent === parent.pid));
  return tree;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It is gone already.
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pids: readonly number[]): Promise<boolean> {
  const deadline = Date.now() + graceMs;
  while (pids.some(alive)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
