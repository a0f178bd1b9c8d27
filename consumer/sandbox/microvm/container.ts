/** The container's Durable Object. Only a deployment with `--microvm` has it: see consumer_with_microvm.ts. */
import { getSandbox, Sandbox } from "@cloudflare/sandbox";
import type { ConsumerEnv } from "../../config/env.ts";
import type { GuestRequest, GuestResponse, ToolAnswer } from "../engine.ts";
import type { HostTarget } from "../host_target.ts";
import type { MicroVmClient, OpenMicroVm } from "./client.ts";
import { handleOutbound } from "./outbound.ts";

export class MicroVm extends Sandbox<ConsumerEnv> {
  // The container has no direct network: a request that the handler below does not answer goes nowhere.
  override enableInternet = false;
  override interceptHttps = true;
  /** Used only after a slice was killed: every other slice destroys its container. */
  override sleepAfter = "5m";
  #host: HostTarget | null = null;

  /** One long call. While it runs, its slice answers the requests of this container. */
  async serve(host: HostTarget): Promise<void> {
    this.#host = host;
    try {
      await host.aborted();
    } finally {
      if (this.#host === host) this.#host = null;
    }
  }

  async fetchForGuest(request: GuestRequest): Promise<GuestResponse | null> {
    return this.#host === null ? null : this.#host.fetch(request);
  }

  async callTool(tool: string, argumentsJson: string): Promise<ToolAnswer> {
    const noRun: ToolAnswer = { ok: false, message: "no run of this task is in progress" };
    return this.#host === null ? noRun : this.#host.call(tool, argumentsJson);
  }
}

// A static field of the class would not call the setter.
MicroVm.outbound = async (request: Request, env: ConsumerEnv, { containerId }) => {
  const namespace = env.MICROVM as DurableObjectNamespace<MicroVm> | undefined;
  if (namespace === undefined) return handleOutbound(request, null);
  const vm = namespace.get(namespace.idFromString(containerId));
  return handleOutbound(request, {
    async fetch(guestRequest) {
      const response = (await vm.fetchForGuest(guestRequest)) as GuestResponse | null;
      return response ?? denyResponse(guestRequest.url);
    },
    call: (tool, json) => vm.callTool(tool, json),
  });
};

const denyResponse = (url: string): GuestResponse => ({
  url,
  status: 403,
  statusText: "Forbidden",
  headers: [],
  body: new Uint8Array(),
});

/** Opens containers of this deployment; null where the binding is missing. */
export function openMicroVms(env: ConsumerEnv): OpenMicroVm | null {
  const namespace = env.MICROVM as DurableObjectNamespace<MicroVm> | undefined;
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
