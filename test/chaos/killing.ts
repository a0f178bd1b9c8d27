/** Ends, stops and continues the runtime of a local fleet, down to its last child, by process id. */
import { execFileSync } from "node:child_process";

function treeOf(root: number): number[] {
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

/** All that this process has started, and nothing else. */
export function killChildren(): void {
  for (const pid of treeOf(process.pid).slice(1)) send(pid, "SIGKILL");
}

export function signalTree(root: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  for (const pid of treeOf(root)) send(pid, name);
}

function send(pid: number, name: "SIGKILL" | "SIGSTOP" | "SIGCONT"): void {
  try {
    process.kill(pid, name);
  } catch {
    // It ended by itself meanwhile.
  }
}
