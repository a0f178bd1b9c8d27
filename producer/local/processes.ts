/** Ending what was started, by process id, down to the last child. */
import { type ChildProcess, execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";

/** Who holds a state folder: the runner, and the runtime it started. */
const holdersFile = (stateDir: string): string => path.join(stateDir, "fleet.pids");

export function recordHolders(stateDir: string, runtime: number | undefined): void {
  fs.writeFileSync(holdersFile(stateDir), `${process.pid} ${runtime ?? 0}`);
}

/**
 * Two fleets on one state would both own its database, so a folder whose runner lives is refused. A
 * SIGKILL to the runner alone leaves the runtime holding port and database: the next start ends it, but
 * only when the recorded process still is a wrangler, because process ids are reused.
 */
export async function claimState(stateDir: string): Promise<void> {
  const file = holdersFile(stateDir);
  if (!fs.existsSync(file)) return;
  const [runner = 0, pid = 0] = fs.readFileSync(file, "utf8").split(" ").map(Number);
  if (runner !== process.pid && alive(runner) && treeOf(pid).length > 0) {
    throw new Error(
      `A fleet (process ${runner}) runs on the state in ${stateDir}. Stop it, or set STATE_DIR.`,
    );
  }
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

/** Ends what hears no request any more. */
export async function killTree(child: ChildProcess): Promise<void> {
  if (child.pid === undefined) return;
  const pids = treeOf(child.pid).map((each) => each.pid);
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
  if (!Number.isInteger(pid) || pid <= 1) return false;
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
