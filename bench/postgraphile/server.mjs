// PostGraphile 5 over the tables that Liên Thông serves: keys and relations by smart tags, everything else as it comes.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { makePgService } from "postgraphile/adaptors/pg";
import { jsonPgSmartTags } from "postgraphile/utils";

// Node 20 lacks what PostGraphile takes from Node 22.
Promise.withResolvers ??= function () {
  let resolve, reject;
  const promise = new this((yes, no) => ((resolve = yes), (reject = no)));
  return { promise, resolve, reject };
};

const units = "release.administrative_units_1";
const tags = {
  version: 1,
  config: {
    class: {
      "release.enterprises_1": {
        tags: {
          name: "enterprises",
          foreignKey: `(admin_unit_code, admin_unit_code_from) references ${units} (code, valid_from)|@fieldName commune`,
        },
      },
      [units]: {
        tags: {
          name: "administrative_units",
          foreignKey: `(province_code, province_code_from) references ${units} (code, valid_from)|@fieldName province`,
        },
      },
      "governed.dossiers": {
        tags: {
          foreignKey:
            "(applicant_id) references release.enterprises_1 (enterprise_code)|@fieldName enterprise|@foreignFieldName dossiers",
        },
      },
    },
  },
};

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [jsonPgSmartTags(tags)],
  pgServices: [
    // The address is in PGHOST and its like.
    makePgService({ schemas: ["release", "governed"], poolConfig: { max: 16 } }),
  ],
  gather: { pgFakeConstraintsAutofixForeignKeyUniqueness: true },
  grafserv: { graphiql: false, websockets: false, watch: false },
  grafast: { explain: false },
};

const server = createServer();
const serv = postgraphile(preset).createServ(grafserv);
await serv.addTo(server);
server.listen(Number(process.env.BENCH_PORT), "127.0.0.1");
