// The parts that deliveries of several cases are made of.

export const EVENT = '{"id":"evt_1","type":"payment.created","amount":4200}';

export const form = (fields) => new URLSearchParams(fields).toString();
export const formHeader = { "content-type": "application/x-www-form-urlencoded" };
