/**
 * The consumer of a deployment with `microvm`: the usual one and the container's classes. It is an entry of
 * its own, so that no other deployment carries the SDK or needs Docker.
 */
import { ContainerProxy } from "@cloudflare/sandbox";
import consumer, { Governor } from "../../index.ts";
import { MicroVm, microVmsOf } from "./container.ts";
import { useMicroVms } from "./provider.ts";

useMicroVms(microVmsOf);

export { ContainerProxy, Governor, MicroVm };
export default consumer;
