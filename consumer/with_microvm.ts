/**
 * The consumer of a deployment with `microvm`: the usual one and the container's classes. It is an entry of
 * its own, so that no other deployment carries the SDK or needs Docker.
 */
import { ContainerProxy } from "@cloudflare/sandbox";
import consumer, { Governor } from "./index.ts";
import { MicroVm, microVmsOf } from "./sandbox/microvm/container.ts";
import { useMicroVms } from "./sandbox/microvm/ways.ts";

useMicroVms(microVmsOf);

export { ContainerProxy, Governor, MicroVm };
export default consumer;
