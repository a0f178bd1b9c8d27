/**
 * The consumer of a deployment with `microvm`: the ordinary one plus the container's classes. It is a separate
 * entry, so that no other deployment carries the SDK or needs Docker.
 */
import { ContainerProxy } from "@cloudflare/sandbox";
import consumer, { ConsumerApi, Governor } from "../../index.ts";
import { MicroVm, openMicroVms } from "./container.ts";
import { setMicroVmProvider } from "./provider.ts";

setMicroVmProvider(openMicroVms);

export { ConsumerApi, ContainerProxy, Governor, MicroVm };
export default consumer;
