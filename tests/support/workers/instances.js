// Sees the WebAssembly instances that modules imported after this one make.

/** The memory of all instances so far, in bytes. */
export const memoryOfInstances = () => instances.reduce((sum, { exports }) => sum + exports.memory.buffer.byteLength, 0);

const instances = [];
WebAssembly.Instance = new Proxy(WebAssembly.Instance, {
  construct(target, given, newTarget) {
    const instance = Reflect.construct(target, given, newTarget);
    instances.push(instance);
    return instance;
  },
});
