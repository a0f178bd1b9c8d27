/** What a slice's tools work with: the gateway, the sandbox, the workspace, and what they have used. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { PolicyAnswer } from "../../policies/index.ts";
import { type Failure, failure } from "../../shared/failures.ts";
import { log, logBug } from "../../shared/log.ts";
import type { StepCall } from "../../shared/step.ts";
import type { EgressRow } from "../../shared/store/egress_log.ts";
import type { TaskRow } from "../../shared/store/task_row.ts";
import type { ConsumerConfig } from "../config/config.ts";
import { routedOrigins } from "../config/services.ts";
import type { EgressUse } from "../egress/budget.ts";
import { createGateway, type Gateway } from "../egress/gateway.ts";
import type { BudgetReason } from "../egress/reason.ts";
import type { Bounds } from "../loop/budget.ts";
import type { JournalWriter } from "../loop/journal_writer.ts";
import { intentStep, type ToolHost } from "../loop/run_call.ts";
import type { Capabilities, Engine } from "../sandbox/engine.ts";
import { engineFor } from "../sandbox/index.ts";
import { toolAttributes } from "../telemetry/gen_ai.ts";
import { type BindingName, bindingsOf, type ToolBindings } from "../tools/bindings.ts";
import { callableFromCode } from "../tools/catalog.ts";
import type { Tool, ToolContext } from "../tools/define.ts";
import { stepKey } from "../tools/idempotency.ts";
import { type CallingSlice, callFromCode, inStep } from "./code_mode.ts";
import { createSandboxRuns } from "./sandbox_runs.ts";
import type { Workspace } from "./workspace.ts";

interface Kit {
  tools: readonly Tool[];
  policy: PolicyAnswer;
  bounds: Bounds;
  scribe: JournalWriter;
  workspace: Workspace;
  signal: AbortSignal;
}

/** The step at work: whose effects the gateway journals before it lets them out. */
interface Work {
  call: StepCall;
  seq: number;
  intended: boolean;
}

interface Handed {
  ok: true;
  hands: ToolHost;
  /** Ends what the sandbox holds beyond its runs; never rejects. */
  close(): Promise<void>;
  /** How the fleet itself asks through the task's gateway. */
  ways: Pick<Gateway, "fetchEffectFree" | "fetch">;
  /** Adds the tools that were found by asking. */
  add(tools: readonly Tool[]): void;
}

export function createToolHost(
  fleet: ConsumerConfig,
  task: TaskRow,
  kit: Kit,
): Handed | { ok: false; failure: Failure } {
  const found = engineFor(task.sandbox, fleet.env, `${task.id}-${task.fence}`);
  if ("unavailable" in found) {
    return { ok: false, failure: failure("sandbox_unavailable", found.unavailable) };
  }
  const engine: Engine = found;
  const tools = new Map(kit.tools.map((tool) => [tool.name, traced(fleet, tool)]));
  const before = kit.scribe.used;
  let told: Readonly<EgressUse> = {
    requests: before.egress_requests,
    bytes_in: before.egress_bytes - before.egress_bytes_out,
    bytes_out: before.egress_bytes_out,
    ms: before.egress_ms,
  };
  let innerToolCalls = 0;
  let innerDollars = 0;
  /** Stops what runs when the task's seconds are used up: nothing may run after that. */
  const late = new AbortController();
  const signal = AbortSignal.any([kit.signal, late.signal]);
  const callable = () => [...tools.keys()].filter(callableFromCode);
  const runs = createSandboxRuns(fleet, engine, kit, callable, signal);
  /** The step at work, when it may have effects: those run alone, so there is at most one. */
  let work: Work | null = null;

  /**
   * Journals that something with effects begins, and each request with effects before it is sent.
   * False when it must not: the fence is lost, or a tool that said it only reads tries to write.
   */
  async function begin(rows: EgressRow[]): Promise<boolean> {
    if (work === null) return false;
    const drafts = work.intended ? [] : [intentStep(work.call, work.seq)];
    if (drafts.length + rows.length === 0) return true;
    const answer = await kit.scribe.write(drafts, { seq: work.seq, rows });
    if (answer.held) work.intended = true;
    return answer.held;
  }

  const gateway: Gateway = createGateway({
    policyName: task.policy,
    policy: kit.policy,
    mode: fleet.mode,
    secretOf: fleet.secretOf,
    hosts: fleet.hosts,
    routes: fleet.routes,
    limits: { requests: kit.bounds.egress_requests, bytes: kit.bounds.egress_bytes },
    used: told,
    signal,
    beforeSend: async (row) => ((await begin([row])) ? "go" : "stop"),
    log: ({ at: _, n: __, ...row }) => log("egress_decision", { task_id: task.id, ...row }),
    send: (url, init) => fetch(url, init),
  });

  const services = routedOrigins(kit.policy.ok ? kit.policy.policy : null, fleet.routes);

  function bindingsFor(name: string): Readonly<Pick<ToolBindings, BindingName>> {
    const tool = tools.get(name);
    // What `bindingsOf` may lack, the catalog has looked for: such a tool is hidden.
    return (tool === undefined ? {} : bindingsOf(tool, fleet.env)) as Pick<
      ToolBindings,
      BindingName
    >;
  }

  function spend(dollars: number): string | null {
    if (kit.scribe.used.cost_usd + innerDollars + dollars > kit.bounds.cost_usd) {
      return `This costs $${dollars}, and limits.cost_usd ($${kit.bounds.cost_usd}) leaves less. Go on without it.`;
    }
    innerDollars += dollars;
    return null;
  }

  function contextFor(call: StepCall, seq: number, begun: boolean): ToolContext<BindingName> {
    const effect = tools.get(call.name)?.effect;
    work = effect === "read" ? null : { call, seq, intended: begun || effect === "effect" };
    const context: ToolContext<BindingName> = {
      taskId: task.id,
      stepId: seq,
      idempotencyKey: stepKey(task, seq),
      signal,
      files: kit.workspace,
      fetch: (request) => gateway.follow(request),
      fetchBy: (url, send) => gateway.fetchBy(url, send),
      bindings: bindingsFor(call.name),
      services,
      spend,
      runCode: (code) => runs.code(code, capabilities(context)),
      runShell: (command) => runs.shell(command, capabilities(context)),
      metered: runs.metered,
      runBash: (script) => runs.bash(script, capabilities(context)),
    };
    return context;
  }

  function capabilities(context: ToolContext<BindingName>): Capabilities {
    // A sandbox calls back from outside this call's context, and its spans belong below this one.
    const within = AsyncLocalStorage.snapshot();
    const slice: CallingSlice = {
      tools,
      callsMax: kit.bounds.tool_calls,
      mayCall: () => kit.scribe.used.tool_calls + innerToolCalls + 1 < kit.bounds.tool_calls,
      count: () => {
        innerToolCalls += 1;
      },
      begin: () => begin([]),
      run: (tool, input) =>
        tool.run(input as never, { ...context, bindings: bindingsFor(tool.name) }),
    };
    return {
      // A program follows redirects itself, as the web's fetch does: each hop comes here.
      fetch: (request) => within(() => gateway.fetch(request)),
      call: (name, argumentsJson, changes) =>
        within(() =>
          inStep(kit.workspace, changes, () => callFromCode(slice, name, argumentsJson)),
        ),
    };
  }

  return {
    ok: true,
    async close() {
      const broke = (error: unknown) => logBug("close_sandbox", error, { task_id: task.id });
      await engine.close?.().catch(broke);
    },
    ways: gateway,
    add: (more) => {
      for (const tool of more) tools.set(tool.name, traced(fleet, tool));
    },
    hands: {
      tools,
      contextFor,
      async within(ms, work) {
        const timer = setTimeout(() => late.abort(new Error("limits.seconds is used up")), ms);
        try {
          return await work();
        } finally {
          clearTimeout(timer);
        }
      },
      fault: runs.fault,
      checkpoint: () => kit.workspace.checkpoint(),
      drainEgress: () => gateway.drain(),
      keepOutput: (text) => kit.workspace.keep(new TextEncoder().encode(text)),
      egressRefused: () =>
        isOfTask(gateway.exhausted)
          ? { requests: kit.bounds.egress_requests, bytes: kit.bounds.egress_bytes }
          : null,
      drainSpent() {
        const used = gateway.used;
        const sent = used.bytes_out - told.bytes_out;
        const spent = {
          tool_calls: innerToolCalls,
          cost_usd: innerDollars,
          egress_requests: used.requests - told.requests,
          egress_bytes: used.bytes_in - told.bytes_in + sent,
          egress_bytes_out: sent,
          egress_ms: used.ms - told.ms,
        };
        innerToolCalls = 0;
        innerDollars = 0;
        told = used;
        return spent;
      },
    },
  };
}

/** The tool with a span for each call, whether the model or a program makes it. */
const traced = (fleet: ConsumerConfig, tool: Tool): Tool => ({
  ...tool,
  run: (input, context) => {
    const about = () => toolAttributes(context.taskId, tool.name, context.stepId);
    return fleet.spans.within(`execute_tool ${tool.name}`, about, async (span) => {
      const result = await tool.run(input, context);
      // What a tool answers is no error of the fleet's; its text may quote anybody.
      span.note(() => ({ "flotilla.tool_ok": result.ok }));
      return result;
    });
  },
});

/** The bounds of a policy end no task: its other hosts may still be reached. */
const isOfTask = (reason: BudgetReason | null): boolean =>
  reason === "budget_requests" || reason === "budget_bytes";
