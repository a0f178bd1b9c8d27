import { agentFile } from "./protocol.ts";

/**
 * The frames of the agent's own code, one a line, as "    at name (program.js:3:5)".
 * The engine wraps the code on its first line, so columns there are shifted back.
 */
export function agentFrames(stack: string, firstLineShift: number): string {
  const frames: string[] = [];
  for (const line of stack.split("\n")) {
    const found = /^\s*at (?:(.*?) \()?(?:async )?([\w.]+):(\d+)(?::(\d+))?\)?$/.exec(line);
    if (found?.[2] !== agentFile) continue;
    const [, name, , row, column] = found;
    const shifted = Number(column ?? 1) - (row === "1" ? firstLineShift : 0);
    const place = `${agentFile}:${row}:${Math.max(1, shifted)}`;
    frames.push(name && name !== "<anonymous>" ? `    at ${name} (${place})` : `    at ${place}`);
  }
  return frames.join("\n");
}
