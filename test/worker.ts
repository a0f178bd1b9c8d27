/** The Worker that the tests run in: the consumer's exports. */
export { ConsumerApi, default, Governor } from "../consumer/index.ts";
