/** `npm run openapi`: writes docs/openapi.json and the JavaScript of the client. A test checks that both are current. */
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { openRoutes, routes } from "../api.ts";
import { buildClient } from "../client/build.ts";
import { openApiDocument } from "./openapi.ts";

const resolve = (file: string) => path.resolve(import.meta.dirname, file);

const document = openApiDocument([...openRoutes, ...routes]);
writeFileSync(resolve("../../docs/openapi.json"), `${JSON.stringify(document, null, 2)}\n`);
mkdirSync(resolve("../client/dist"), { recursive: true });
writeFileSync(resolve("../client/dist/index.js"), buildClient());
