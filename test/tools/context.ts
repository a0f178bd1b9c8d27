/** Calls file tools on a workspace of their own. */
import { env } from "cloudflare:workers";
import { isolateEngine } from "../../consumer/sandbox/isolate.ts";
import { Workspace } from "../../consumer/toolbox/workspace.ts";
import type { BindingName } from "../../consumer/tools/bindings.ts";
import { catalog } from "../../consumer/tools/catalog.ts";
import type { ToolContext, ToolResult } from "../../consumer/tools/define.ts";
import { sandboxLimits } from "../../shared/limits.ts";
import { limits, nothing } from "../sandbox/running.ts";

export function workspaceOf(files: Record<string, string | Uint8Array>): Workspace {
  const workspace = new Workspace(env.OBJECTS, "default", "task_t");
  for (const [path, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    const result = workspace.write(path, bytes);
    if (!result.ok) throw new Error(result.error);
  }
  return workspace;
}

/** Calls one tool of the catalog as the loop does. */
export async function use(
  files: Workspace,
  name: string,
  input: Record<string, unknown>,
): Promise<ToolResult> {
  const tool = catalog.find((candidate) => candidate.name === name);
  if (tool === undefined) throw new Error(`there is no tool ${name}`);
  const context = {
    files,
    runMetered: (code, files) =>
      isolateEngine(env.LOADER).run(
        { code, files: files, tools: [] },
        nothing,
        { ...limits, fuel: 60_000_000, valueBytes: sandboxLimits.searchValueBytesMax },
        new AbortController().signal,
      ),
  } satisfies Partial<ToolContext>;
  return tool.run(input as never, context as unknown as ToolContext<BindingName>);
}

export async function textOf(files: Workspace, path: string): Promise<string | null> {
  const bytes = await files.read(path);
  return bytes === null
    ? null
    : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
}
