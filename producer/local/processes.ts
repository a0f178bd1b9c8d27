/** Ends process trees by process id. */
import { type ChildProcess, execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** The processes that use a state folder: the runner and its runtime. */
const holdersFile = (stateDir: string): string => path.join(stateDir, "fleet.pids");

export function recordHolders(stateDir: string, runtime: number | undefined): void {
  fs.writeFileSync(holdersFile(stateDir), `${process.pid} ${runtime ?? 0}`);
}

/**
 * Rejects if a running fleet uses the folder: two fleets would both write its database. After a SIGKILL of
 * only the runner, its runtime still has the port and the database: this ends it, but only if the recorded
 * process is still a wrangler, because process ids are reused.
 */
export async function claimState(stateDir: string): Promise<void> {
  const file = holdersFile(stateDir);
  if (!fs.existsSync(file)) return;
  const [runner = 0, pid = 0] = fs.readFileSync(file, "utf8").split(" ").map(Number);
  if (runner !== process.pid && isAlive(runner) && treeOf(pid).length > 0) {
    throw new Error(
      `A fleet (process ${runner}) already uses the state in ${stateDir}: stop it, or set STATE_DIR.`,
    );
  }
  fs.rmSync(file);
  if (!Number.isInteger(pid) || pid <= 1) return;
  const tree = treeOf(pid).filter(({ command }) => /wrangler|workerd|esbuild/.test(command));
  for (const { pid: each } of tree) signal(each, "SIGKILL");
  await waitUntilGone(tree.map((each) => each.pid));
}

const graceMs = 5_000;

/** SIGTERM first, then SIGKILL. The children are listed before their parent exits, or they would be lost. */
export async function endTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const pids = treeOf(child.pid).map((each) => each.pid);
  signal(child.pid, "SIGTERM");
  if (await waitUntilGone(pids)) return;
  for (const pid of pids) signal(pid, "SIGKILL");
  await waitUntilGone(pids);
}

/** Sends SIGKILL at once, because the runtime handles no other signal. */
export async function killTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const pids = treeOf(child.pid).map((each) => each.pid);
  for (const pid of pids) signal(pid, "SIGKILL");
  await waitUntilGone(pids);
}

interface Process {
  pid: number;
  parent: number;
  command: string;
}

/** The process and its descendants, from `ps`. */
function treeOf(root: number): Process[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" });
  const processes = lines.split("\n").flatMap((line): Process[] => {
    const match = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line);
    return match === null
      ? []
      : [{ pid: Number(match[1]), parent: Number(match[2]), command: match[3] ?? "" }];
  });
  const tree = processes.filter((each) => each.pid === root);
  for (const parent of tree) tree.push(...processes.filter((each) => each.parent === parent.pid));
  return tree;
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process has already exited.
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 1) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** False if one is still alive after `graceMs`. */
async function waitUntilGone(pids: readonly number[]): Promise<boolean> {
  const deadline = Date.now() + graceMs;
  while (pids.some(isAlive)) {
    if (Date.now() > deadline) return false;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return true;
}
