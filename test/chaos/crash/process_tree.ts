/** Signals to a process and all its descendants, by process id. */
import { execFileSync } from "node:child_process";

function listTree(root: number): number[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
  const pairs = lines
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/).map(Number));
  const tree = [root];
  for (const parent of tree) {
    for (const [pid, ppid] of pairs) if (ppid === parent && pid !== undefined) tree.push(pid);
  }
  return tree;
}

/** The processes below this one. */
export const listDescendants = (): ReadonlySet<number> => new Set(listTree(process.pid).slice(1));

/** Kills the descendants of this process but those, such as the runtime of the runs in process. */
export function killDescendantsExcept(kept: ReadonlySet<number>): void {
  for (const pid of listDescendants()) if (!kept.has(pid)) signal(pid, "SIGKILL");
}

export function signalTree(root: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  for (const pid of listTree(root)) signal(pid, name);
}

function signal(pid: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch {
    // The process has already ended.
  }
}
