/** Which calls wait for a person. Pure. */
import type { Approve } from "../../shared/task/approval.ts";
import type { Tool } from "../tools/define.ts";

/** Methods that change nothing at a server. */
const readMethods: readonly string[] = ["GET", "HEAD"];

export const isReadMethod = (method: string): boolean => readMethods.includes(method.toUpperCase());

/** `approve` is the task's choice; a tool may ask for approval in every task. */
export function needsApproval(
  approve: Approve | undefined,
  tool: Pick<Tool, "name" | "effect" | "approve"> | undefined,
  input: unknown,
): boolean {
  if (tool === undefined) return false;
  if (tool.approve === true) return true;
  if (approve === undefined) return false;
  if (approve !== "effects") return approve.includes(tool.name);
  return tool.effect === "effect" || sendsEffect(tool.name, input);
}

/** A tool that sends what its arguments say. Its requests are checked again at the gateway. */
function sendsEffect(name: string, input: unknown): boolean {
  if (name === "call_service") return true;
  if (name !== "fetch_url" || typeof input !== "object" || input === null) return false;
  const method: unknown = Reflect.get(input, "method") ?? "GET";
  return typeof method !== "string" || !isReadMethod(method);
}
