/** The Loader with its methods, for tests that replace it or look at what it is given. */
import { env } from "cloudflare:workers";
import type { SealedLoader } from "../../consumer/sandbox/dynamic_worker.ts";

export const openLoader = env.LOADER as unknown as WorkerLoader;

export const sealedLoader = (loader: object): SealedLoader => loader as SealedLoader;
