import { DurableObject } from "cloudflare:workers";
export class Governor extends DurableObject {}
