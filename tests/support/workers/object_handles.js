// Handles of a Durable Object for tests, as paths that begin with `/__`. They call or read the object's alarm, run a
// statement of SQL or make one fail, count the rows that statements read and wrote, in all, by statement and in the
// largest transaction, how long that took, and the alarms that are set, and kill the object.

let failing = null;

/** Makes SQL that contains this text fail in every object of the worker, or none if the text is null. */
export const failSql = (text) => (failing = text);

/** The deployed class of an object, with handles. */
export const withHandles = (Deployed) =>
  class extends Deployed {
    #context;
    #cursors = [];
    #alarmsSet = 0;
    #largestTransaction = { rows: 0, ms: 0 };

    constructor(context, env) {
      const { sql } = context.storage;
      const exec = sql.exec.bind(sql);
      const cursors = [];
      Object.defineProperty(sql, "exec", {
        value(query, ...bindings) {
          if (failing && query.includes(failing)) throw new Error("injected");
          const cursor = exec(query, ...bindings);
          cursors.push({ query, cursor });
          return cursor;
        },
      });
      const transactionSync = context.storage.transactionSync.bind(context.storage);
      Object.defineProperty(context.storage, "transactionSync", {
        value: (work) => {
          const [before, began] = [cursors.length, Date.now()];
          const result = transactionSync(work);
          const { rows, ms } = this.#largestTransaction;
          const written = sum(cursors.slice(before), "rowsWritten");
          this.#largestTransaction = { rows: Math.max(rows, written), ms: Math.max(ms, Date.now() - began) };
          return result;
        },
      });
      const setAlarm = context.storage.setAlarm.bind(context.storage);
      Object.defineProperty(context.storage, "setAlarm", {
        value: (...given) => {
          this.#alarmsSet += 1;
          return setAlarm(...given);
        },
      });
      super(context, env);
      this.#context = context;
      this.#cursors = cursors;
    }

    async fetch(request) {
      const { storage } = this.#context;
      switch (new URL(request.url).pathname) {
        case "/__alarm":
          await this.alarm();
          return Response.json(null);
        case "/__alarm_at":
          return Response.json(await storage.getAlarm());
        case "/__sql":
          return Response.json(outcome(storage.sql, await request.json()));
        case "/__rows_read":
          return Response.json(sum(this.#cursors.splice(0), "rowsRead"));
        case "/__rows_written":
          return Response.json(sum(this.#cursors.splice(0), "rowsWritten"));
        case "/__statements":
          return Response.json(this.#cursors.splice(0).map(({ query, cursor }) => [query, cursor.rowsRead, cursor.rowsWritten]));
        case "/__largest_transaction": {
          const largest = this.#largestTransaction;
          this.#largestTransaction = { rows: 0, ms: 0 };
          return Response.json(largest);
        }
        case "/__alarms_set": {
          const set = this.#alarmsSet;
          this.#alarmsSet = 0;
          return Response.json(set);
        }
        case "/__kill":
          return this.#context.abort("killed by a test");
        default:
          return super.fetch(request);
      }
    }
  };

/** A figure of these statements. */
const sum = (cursors, figure) => cursors.reduce((sum, { cursor }) => sum + cursor[figure], 0);

function outcome(sql, statement) {
  try {
    return { error: null, rows: sql.exec(statement).toArray() };
  } catch (error) {
    return { error: String(error), rows: [] };
  }
}
