import { agentFile } from "./protocol.ts";
import { type Columns, ownColumn } from "./transform/columns.ts";

/** The number of frames in a stack trace; V8 has the same bound. */
const framesMax = 10;

/**
 * The frames of the agent's own code, one a line, as "    at name (program.js:3:5)". What the engine has
 * put into a line before a column is taken off.
 */
export function agentFrames(stack: string, columns: Columns): string {
  const frames: string[] = [];
  let skippedChars = 0;
  for (const line of stack.split("\n")) {
    const match = /^\s*at (?:(.*?) \()?(?:async )?([\w.]+):(\d+)(?::(\d+))?\)?$/.exec(line);
    if (match?.[2] !== agentFile) continue;
    if (frames.length >= framesMax) {
      skippedChars += 1;
      continue;
    }
    const [, name, , row, column] = match;
    const place = `${agentFile}:${row}:${ownColumn(columns, Number(row), Number(column ?? 1))}`;
    frames.push(
      name && !name.endsWith("<anonymous>") ? `    at ${name} (${place})` : `    at ${place}`,
    );
  }
  if (skippedChars > 0) frames.push(`    at … ${skippedChars} more`);
  return frames.join("\n");
}
