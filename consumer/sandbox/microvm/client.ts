/** What the engine needs of a container, in the SDK's own types; a fake implements it in tests. */
import type { ISandbox } from "@cloudflare/sandbox";
import type { HostTarget } from "../host_target.ts";

export interface MicroVmClient extends Pick<ISandbox, "exec" | "mkdir"> {
  writeFile(path: string, content: ReadableStream<Uint8Array>): Promise<unknown>;
  readFile(
    path: string,
    options: { encoding: "none" },
  ): Promise<{ content: ReadableStream<Uint8Array>; size: number }>;
  destroy(): Promise<void>;
  /** Answers requests and tool calls of the container with `host`, until the run is over. */
  serve(host: HostTarget): Promise<void>;
}

/** The container of one slice of a task, created at its first use. */
export type OpenMicroVm = (name: string) => MicroVmClient;

/** Where programs in the container reach the task's tools. The name never leaves the fleet. */
export const toolsHostname = "tools.flotilla.internal";
