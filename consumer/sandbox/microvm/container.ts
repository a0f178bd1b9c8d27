/** The container's Durable Object. It is part of the deployment with `--microvm` alone: see with_microvm.ts. */
import { getSandbox, Sandbox } from "@cloudflare/sandbox";
import type { ConsumerEnv } from "../../config/env.ts";
import type { GuestRequest, GuestResponse, ToolAnswer } from "../engine.ts";
import type { HostTarget } from "../host_target.ts";
import type { MicroVmClient, OpenMicroVm } from "./client.ts";
import { outbound } from "./outbound.ts";

export class MicroVm extends Sandbox<ConsumerEnv> {
  // Nothing leaves by itself: what the handler below does not answer has nowhere to go.
  override enableInternet = false;
  override interceptHttps = true;
  /** Only for a slice that was killed: every other one destroys its container. */
  override sleepAfter = "5m";
  #host: HostTarget | null = null;

  /** One long call: while it lasts, the slice that made it answers for this container. */
  async serve(host: HostTarget): Promise<void> {
    this.#host = host;
    try {
      await host.aborted();
    } finally {
      if (this.#host === host) this.#host = null;
    }
  }

  async leave(request: GuestRequest): Promise<GuestResponse | null> {
    return this.#host === null ? null : this.#host.fetch(request);
  }

  async callTool(tool: string, argumentsJson: string): Promise<ToolAnswer> {
    const gone: ToolAnswer = { ok: false, message: "no run of this task is at work" };
    return this.#host === null ? gone : this.#host.call(tool, argumentsJson);
  }
}

// Set by its setter, which a static field of the class would go past.
MicroVm.outbound = async (request: Request, env: ConsumerEnv, { containerId }) => {
  const namespace = env.MICROVM;
  if (namespace === undefined) return outbound(request, null);
  const vm = namespace.get(namespace.idFromString(containerId));
  return outbound(request, {
    async fetch(wanted) {
      const answer = (await vm.leave(wanted)) as GuestResponse | null;
      return answer ?? denied(wanted.url);
    },
    call: (tool, json) => vm.callTool(tool, json),
  });
};

const denied = (url: string): GuestResponse => ({
  url,
  status: 403,
  statusText: "Forbidden",
  headers: [],
  body: new Uint8Array(),
});

/** The way to containers of this deployment; null where the binding is missing. */
export function microVmsOf(env: ConsumerEnv): OpenMicroVm | null {
  const namespace = env.MICROVM;
  if (namespace === undefined) return null;
  return (name) => {
    const sandbox = getSandbox(namespace, name, {
      normalizeId: true,
      transport: "rpc",
      enableDefaultSession: false,
    });
    return sandbox as unknown as MicroVmClient;
  };
}
