// The API's types by the names that pages use: those of the package's client.

export type * from "../../../packages/keystile/src/client/types";
