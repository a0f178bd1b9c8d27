import { agentFile } from "./protocol.ts";
import { type Columns, ownColumn } from "./transform/columns.ts";

/**
 * The frames of the agent's own code, one a line, as "    at name (program.js:3:5)". What the engine has
 * put into a line before a column is taken off.
 */
export function agentFrames(stack: string, columns: Columns): string {
  const frames: string[] = [];
  for (const line of stack.split("\n")) {
    const found = /^\s*at (?:(.*?) \()?(?:async )?([\w.]+):(\d+)(?::(\d+))?\)?$/.exec(line);
    if (found?.[2] !== agentFile) continue;
    const [, name, , row, column] = found;
    const place = `${agentFile}:${row}:${ownColumn(columns, Number(row), Number(column ?? 1))}`;
    frames.push(name && name !== "<anonymous>" ? `    at ${name} (${place})` : `    at ${place}`);
  }
  return frames.join("\n");
}
