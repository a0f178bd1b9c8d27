/** What one tool call is given: the task's files, its gateway, its sandbox and the bindings of its tool. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { StepCall } from "../../shared/task/step.ts";
import type { ApprovalDesk } from "../approvals/desk.ts";
import type { ConsumerEnv } from "../config/env.ts";
import type { Gateway } from "../egress/gateway.ts";
import type { Capabilities } from "../sandbox/engine.ts";
import { type BindingName, bindingsOf, type ToolBindings } from "../tools/bindings.ts";
import type { Tool, ToolContext } from "../tools/define.ts";
import { stepKey } from "../tools/idempotency.ts";
import type { BudgetMeter } from "./budget_meter.ts";
import { callToolFromCode, withSyncedFiles } from "./code_mode.ts";
import type { EffectGate } from "./effect_gate.ts";
import type { SandboxRuns } from "./sandbox_runs.ts";
import type { Workspace } from "./workspace.ts";

/** What all calls of a slice share. */
export interface ToolContextParts {
  env: ConsumerEnv;
  task: Pick<TaskRow, "id" | "history">;
  tools: ReadonlyMap<string, Tool>;
  workspace: Workspace;
  gateway: Gateway;
  gate: EffectGate;
  meter: BudgetMeter;
  runs: SandboxRuns;
  approvals: Pick<ApprovalDesk, "needs">;
  /** The account's services that the policy routes to: binding name to origin. */
  services: ReadonlyMap<string, string>;
  signal: AbortSignal;
}

export function createToolContext(
  parts: ToolContextParts,
  call: StepCall,
  seq: number,
): ToolContext<BindingName> {
  const { task, workspace, gateway, meter, runs, services, signal } = parts;
  const context: ToolContext<BindingName> = {
    taskId: task.id,
    stepId: seq,
    idempotencyKey: stepKey(task, seq),
    signal,
    files: workspace,
    fetch: (request) => gateway.fetchFollowing(request),
    fetchBy: (url, send) => gateway.fetchWith(url, send),
    bindings: bindingsFor(parts, call.name),
    services,
    spend: (dollars) => meter.spend(dollars),
    runCode: (code) => runs.code(code, capabilitiesFor(parts, context)),
    runShell: (command) => runs.shell(command, capabilitiesFor(parts, context)),
    runMetered: runs.metered,
    runBash: (script) => runs.bash(script, capabilitiesFor(parts, context)),
  };
  return context;
}

/** What a program may do: requests through the gateway, and calls of the task's tools. */
function capabilitiesFor(parts: ToolContextParts, context: ToolContext<BindingName>): Capabilities {
  const { workspace, gateway } = parts;
  // A sandbox calls back from outside this call's context, and its spans belong below this call's span.
  const inContext = AsyncLocalStorage.snapshot();
  const host = {
    ...parts,
    run: (tool: Tool, input: unknown) =>
      tool.run(input as never, { ...context, bindings: bindingsFor(parts, tool.name) }),
  };
  return {
    // A program follows redirects itself, as the web's fetch does: each hop comes here.
    fetch: (request) => inContext(() => gateway.fetch(request)),
    call: (name, argumentsJson, changes) =>
      inContext(() =>
        withSyncedFiles(workspace, changes, () => callToolFromCode(host, name, argumentsJson)),
      ),
  };
}

/** The catalog hides a tool whose bindings are missing, so all declared bindings are present. */
function bindingsFor(
  { env, tools }: ToolContextParts,
  name: string,
): Readonly<Pick<ToolBindings, BindingName>> {
  const tool = tools.get(name);
  return (tool === undefined ? {} : bindingsOf(tool, env)) as Pick<ToolBindings, BindingName>;
}
