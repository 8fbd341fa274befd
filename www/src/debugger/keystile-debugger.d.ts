/** crates/debugger, as `keystile-bindgen web` makes it: the build of the engine puts it in. */
declare module "keystile-debugger" {
  export default function load(module: { module_or_path: string }): Promise<unknown>;
  export function explain(request: string, body: Uint8Array): string;
  export function providers(): string;
  export function read_request(text: string): string;
  export function read_scheme(text: string): string;
  export function sample(request: string): string;
  export function sample_secret(scheme: string, random: Uint8Array): string | undefined;
}
