/** What a slice's tools work with: the gateway, the sandbox, the workspace, and what they have used. */
import type { PolicyAnswer } from "../policies/index.ts";
import { type Failure, failure } from "../shared/failures.ts";
import { sandboxLimits } from "../shared/limits.ts";
import { log, logBug } from "../shared/log.ts";
import type { StepCall } from "../shared/step.ts";
import type { EgressRow } from "../shared/store/egress_log.ts";
import type { TaskRow } from "../shared/store/task_row.ts";
import type { EgressUse } from "./egress/budget.ts";
import { createGateway, type Gateway } from "./egress/gateway.ts";
import type { BudgetReason } from "./egress/reason.ts";
import type { Fleet } from "./fleet.ts";
import type { Bounds } from "./loop/budget.ts";
import { millisecondsLeft } from "./loop/budget.ts";
import type { Scribe } from "./loop/scribe.ts";
import { type Hands, intent } from "./loop/tool_calls.ts";
import { problemsOf, problemText } from "./models/validate.ts";
import { runBash } from "./sandbox/bash/bash.ts";
import type { BashOutcome } from "./sandbox/bash/worker.ts";
import type { Capabilities, Engine, RunOutcome, ToolAnswer } from "./sandbox/engine.ts";
import { engineFor, meteredEngine } from "./sandbox/index.ts";
import { routedOrigins } from "./services.ts";
import { type BindingName, bindingsOf, type ToolBindings } from "./tools/bindings.ts";
import { callableFromCode, offerOf } from "./tools/catalog.ts";
import type { Tool, ToolContext } from "./tools/define.ts";
import { stepKey } from "./tools/idempotency.ts";
import type { Workspace } from "./workspace.ts";

interface Kit {
  tools: readonly Tool[];
  policy: PolicyAnswer;
  bounds: Bounds;
  scribe: Scribe;
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
  hands: Hands;
  /** Ends what the sandbox holds beyond its runs; never rejects. */
  close(): Promise<void>;
  /** How the fleet itself asks through the task's gateway. */
  ways: Pick<Gateway, "ask" | "fetch">;
  /** Adds the tools that were found by asking. */
  add(tools: readonly Tool[]): void;
}

export function handsFor(
  fleet: Fleet,
  task: TaskRow,
  kit: Kit,
): Handed | { ok: false; failure: Failure } {
  const found = engineFor(task.sandbox, fleet.env, `${task.id}-${task.fence}`);
  if ("unavailable" in found) {
    return { ok: false, failure: failure("sandbox_unavailable", found.unavailable) };
  }
  const engine: Engine = found;
  const tools = new Map(kit.tools.map((tool) => [tool.name, tool]));
  const before = kit.scribe.used;
  let told: Readonly<EgressUse> = {
    requests: before.egress_requests,
    bytes_in: before.egress_bytes - before.egress_bytes_out,
    bytes_out: before.egress_bytes_out,
    ms: before.egress_ms,
  };
  let innerToolCalls = 0;
  let innerDollars = 0;
  let fault: string | null = null;
  /** Stops what runs when the task's seconds are used up: nothing may run after that. */
  const late = new AbortController();
  const signal = AbortSignal.any([kit.signal, late.signal]);
  /** The step at work, when it may have effects: those run alone, so there is at most one. */
  let work: Work | null = null;

  /**
   * Journals that something with effects begins, and each request with effects before it is sent.
   * False when it must not: the fence is lost, or a tool that said it only reads tries to write.
   */
  async function begin(rows: EgressRow[]): Promise<boolean> {
    if (work === null) return false;
    const drafts = work.intended ? [] : [intent(work.call, work.seq)];
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
      runCode: (code) => run(engine.run, code, capabilities(context)),
      runShell: (command) => {
        if (engine.shell === undefined) throw new Error(`the sandbox ${engine.name} has no shell`);
        return run(engine.shell, command, capabilities(context));
      },
      metered,
      runBash: (script) => bash(script, capabilities(context)),
    };
    return context;
  }

  async function run(how: Engine["run"], code: string, able: Capabilities): Promise<RunOutcome> {
    const files = await kit.workspace.all();
    const callable = [...tools.keys()].filter(callableFromCode);
    const limits = {
      fuel: sandboxLimits.fuelMax,
      memoryBytes: sandboxLimits.memoryBytesMax,
      wallMs: Math.min(sandboxLimits.wallMsMax, millisecondsLeft(kit.scribe.used, kit.bounds)),
      logBytes: sandboxLimits.logBytesMax,
      valueBytes: sandboxLimits.valueBytesMax,
    };
    const { readOnly } = kit.workspace;
    return guarded(() => how({ code, files, readOnly, tools: callable }, able, limits, signal));
  }

  /** A program of ours over what a model wrote: its fuel is the bound, and it can reach nothing. */
  async function metered(
    code: string,
    files: ReadonlyMap<string, Uint8Array>,
  ): Promise<RunOutcome> {
    return guarded(() =>
      meteredEngine(fleet.env).run({ code, files, tools: [] }, closed, searchBounds, signal),
    );
  }

  async function guarded(work: () => Promise<RunOutcome>): Promise<RunOutcome> {
    try {
      return await work();
    } catch (error) {
      // An engine throws for its own faults alone, unless it was stopped.
      if (!signal.aborted) fault = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  /** A script that breaks its interpreter is its own fault: the answer says so, and the task goes on. */
  async function bash(code: string, able: Capabilities): Promise<BashOutcome> {
    const files = await kit.workspace.all();
    const left = millisecondsLeft(kit.scribe.used, kit.bounds);
    const wallMs = Math.min(sandboxLimits.wallMsMax, left);
    return runBash(fleet.env, { code, files, tools: [] }, able, wallMs, signal);
  }

  /** Code mode: the program's calls are the step's own, checked and counted like the model's. */
  function capabilities(context: ToolContext<BindingName>): Capabilities {
    return {
      // A program follows redirects itself, as the web's fetch does: each hop comes here.
      fetch: (request) => gateway.fetch(request),
      async call(name, argumentsJson): Promise<ToolAnswer> {
        const tool = tools.get(name);
        if (tool === undefined) return { ok: false, message: `There is no tool "${name}".` };
        if (kit.scribe.used.tool_calls + innerToolCalls + 1 >= kit.bounds.tool_calls) {
          return { ok: false, message: `limits.tool_calls (${kit.bounds.tool_calls}) is used up.` };
        }
        innerToolCalls += 1;
        const input = readJson(argumentsJson);
        const schema = offerOf(tool).original;
        const problems = problemsOf(input, schema);
        if (problems !== null) return { ok: false, message: problemText(name, problems, schema) };
        if (tool.effect === "effect" && !(await begin([]))) {
          return { ok: false, message: "The task is owned by another worker now." };
        }
        const bindings = bindingsFor(tool.name);
        const result = await tool.run(input as never, { ...context, bindings });
        return result.ok
          ? { ok: true, json: JSON.stringify(result.value ?? result.text) }
          : { ok: false, message: result.text };
      },
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
      for (const tool of more) tools.set(tool.name, tool);
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
      fault: () => fault,
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

/** One search: all of a run's fuel, and room for every path of the workspace in its answer. */
const searchBounds = {
  fuel: sandboxLimits.fuelMax,
  memoryBytes: sandboxLimits.memoryBytesMax,
  wallMs: sandboxLimits.wallMsMax,
  logBytes: 0,
  valueBytes: sandboxLimits.searchValueBytesMax,
};

const closed: Capabilities = {
  fetch: () => Promise.reject(new Error("A search has no network.")),
  call: async () => ({ ok: false, message: "A search calls no tools." }),
};

/** The bounds of a policy end no task: its other hosts may still be reached. */
const isOfTask = (reason: BudgetReason | null): boolean =>
  reason === "budget_requests" || reason === "budget_bytes";

function readJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
