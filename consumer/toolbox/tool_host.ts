/** What a slice's tool calls run with: the gateway, the sandbox, the workspace, and what they have used. */
import type { Policy } from "../../policies/schema.ts";
import { log } from "../../shared/platform/log.ts";
import { ok } from "../../shared/result.ts";
import type { Bounds } from "../../shared/spend/budgets.ts";
import { egressUsageOf } from "../../shared/spend/usage.ts";
import type { TaskRow } from "../../shared/store/tasks/task_row.ts";
import type { ApprovalDesk } from "../approvals/desk.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { routedOrigins } from "../config/services.ts";
import { createGateway, type Gateway } from "../egress/gateway.ts";
import type { ToolHost } from "../loop/calls/run_call.ts";
import type { LoopJournal } from "../loop/journal/loop_journal.ts";
import type { MemoryShare } from "../memory/byte_budget.ts";
import type { Engine } from "../sandbox/engine.ts";
import { toolAttributes } from "../telemetry/gen_ai.ts";
import { isCallableFromCode } from "../tools/catalog.ts";
import type { Tool } from "../tools/define.ts";
import { BudgetMeter } from "./budget_meter.ts";
import type { EffectGate } from "./effect_gate.ts";
import { createSandboxRuns } from "./sandbox_runs.ts";
import { createToolContext } from "./tool_context.ts";
import type { WorkDeadline } from "./work_deadline.ts";
import type { Workspace } from "./workspace.ts";

/** What a slice's tools work on and within. */
export interface ToolHostSlice {
  policy: Policy;
  bounds: Bounds;
  journal: LoopJournal;
  workspace: Workspace;
  gate: EffectGate;
  deadline: WorkDeadline;
  approvals: Pick<ApprovalDesk, "needs">;
  memory: MemoryShare;
}

/** The gateway of a slice: it journals requests before they are sent. */
export function openGateway(
  config: ConsumerConfig,
  task: TaskRow,
  { policy, bounds, journal, gate, deadline, memory }: ToolHostSlice,
): Gateway {
  return createGateway({
    policyName: task.policy,
    policy: ok({ policy }),
    mode: config.mode,
    secretOf: config.secretOf,
    hosts: config.hosts,
    routes: config.routes,
    limits: { requests: bounds.egress_requests, bytes: bounds.egress_bytes },
    used: egressUsageOf(journal.used),
    signal: deadline.signal,
    permitsEffects: () => gate.isPermitted,
    announce: async (announced) => ((await gate.journalRequest(announced)) ? "go" : "stop"),
    log: ({ at: _, n: __, ...row }) => log("egress_decision", { task_id: task.id, ...row }),
    lend: () => memory.lend("answer"),
    send: (url, init) => fetch(url, init),
  });
}

/** `tools` are those of the catalog and the pinned ones. */
export function createToolHost(
  config: ConsumerConfig,
  task: TaskRow,
  slice: ToolHostSlice,
  { engine, gateway, tools: list }: { engine: Engine; gateway: Gateway; tools: readonly Tool[] },
): ToolHost {
  const { bounds, journal, workspace, gate, deadline } = slice;
  const { signal } = deadline;
  const tools = new Map(list.map((tool) => [tool.name, tracedTool(config, tool)]));
  const callable = [...tools.keys()].filter(isCallableFromCode);
  const runs = createSandboxRuns(config, engine, slice, callable, signal);
  const meter = new BudgetMeter(journal, bounds, gateway);
  const services = routedOrigins(slice.policy, config.routes);
  const parts = {
    ...{ env: config.env, task, tools, workspace, gateway },
    ...{ gate, meter, runs, services, signal, approvals: slice.approvals },
  };
  return {
    tools,
    contextFor(call, seq, { hasIntent, isApproved }) {
      const effect = tools.get(call.name)?.effect;
      if (effect === "read") gate.startReadOnlyStep();
      else gate.startStep(call, seq, { hasIntent: hasIntent || effect === "effect", isApproved });
      return createToolContext(parts, call, seq);
    },
    runWithin: (ms, work) => deadline.runWithin(ms, work),
    sandboxFault: runs.fault,
    checkpoint: () => workspace.checkpoint(),
    drainEgress: () => gateway.drain(),
    storeOutput: (text) => workspace.storeBlob(new TextEncoder().encode(text)),
    egressRefusal: () => meter.egressRefusal(),
    drainUsage: () => meter.drainUsage(),
  };
}

/** The tool with a span for each call, whether the model or a program makes it. */
const tracedTool = (config: ConsumerConfig, tool: Tool): Tool => ({
  ...tool,
  run: (input, context) => {
    const attributes = () => toolAttributes(context.taskId, tool.name, context.stepId);
    return config.spans.run(`execute_tool ${tool.name}`, attributes, async (span) => {
      const result = await tool.run(input, context);
      // A failed tool call is not a fault of the fleet, and its text may quote anyone.
      span.setAttributes(() => ({ "flotilla.tool_ok": result.ok }));
      return result;
    });
  },
});
