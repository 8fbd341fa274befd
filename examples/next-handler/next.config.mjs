export default {
  // keystile/webhooks reads its WebAssembly from beside its own file, so Next must not bundle it.
  serverExternalPackages: ["keystile"],
};
