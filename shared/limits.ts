/** Every limit of the system, with its unit in its name. An error that enforces one names it. */

/** Cells of one sweep: an index must stay an exact double. */
export const SWEEP_CELLS_MAX = Number.MAX_SAFE_INTEGER;
/** Shape groups of one sweep: each is an entry in the plan that travels to every worker. */
export const SWEEP_GROUPS_MAX = 20_000;
/** Values in one explicit list of a sweep file. */
export const LIST_VALUES_MAX = 100_000;
/** Points of one learning-rate axis. */
export const AXIS_POINTS_MAX = 1_000_000_000;
/** Least distance of neighbouring points of an axis, relative: doubles tell nearer ones apart badly. */
export const AXIS_STEP_MIN = 1e-13;
/** The closest that a boundary may be wanted, relative: near it, doubles are few. */
export const ETA_TOLERANCE_MIN = 1e-9;
/** Points of two learning-rate axes up to which their common points are looked for. */
export const MATCHED_POINTS_MAX = 10_000_000;
/** Bytes of a sweep file. */
export const SWEEP_FILE_BYTES_MAX = 4 * 1024 * 1024;
/** Hidden layers of a network. */
export const HIDDEN_LAYERS_MAX = 8;
/** Rank of the data up to which the gram engine takes it: a step costs O(r² + nr), a measure O(r³). */
export const GRAM_RANK_MAX = 64;
/** Hidden width up to which the dense engine holds every weight. */
export const DENSE_WIDTH_MAX = 16_384;
/** Steps of one training run. */
export const STEPS_MAX = 1_000_000;
/** Numbers in the recorded trajectories of one sweep. */
export const TRAJECTORY_NUMBERS_MAX = 200_000_000;
/** Hidden width up to which initial weights are drawn one by one. */
export const WIDTH_MAX = 10_000_000;
/** Samples and features of a data set written out in a sweep file. */
export const INLINE_SAMPLES_MAX = 1_000;
export const INLINE_FEATURES_MAX = 1_000;
/** Numbers (samples × features) of all the data sets that one entry makes; the plan carries them. */
export const MADE_NUMBERS_MAX = 2_000_000;

/** Bytes of a file that a data set is read from, decompressed. */
export const DATA_FILE_BYTES_MAX = 400 * 1024 * 1024;
/** Samples, and features, of a data set that is read from files. */
export const DATASET_SAMPLES_MAX = 1_000_000;
export const DATASET_FEATURES_MAX = 100_000;
/** Bytes of a stored data set, sent in chunks of DATASET_CHUNK_BYTES. */
export const DATASET_BYTES_MAX = 512 * 1024 * 1024;
export const DATASET_CHUNK_BYTES = 256 * 1024;
/** Stored data sets that one coordinator holds. */
export const DATASETS_MAX = 1_000;
/** Bytes of stored data sets that a worker's machine keeps; those used least recently go first. */
export const DATASET_CACHE_BYTES_MAX = 4 * 1024 * 1024 * 1024;

/** Sweeps that one coordinator holds. */
export const SWEEPS_MAX = 10_000;
/** Addresses at which one coordinator is looked for. */
export const COORDINATORS_MAX = 64;
/** Workers connected to one coordinator. */
export const WORKERS_MAX = 10_000;
/** Slots of one worker: concurrent shards that it computes. */
export const SLOTS_MAX = 1_024;
/** Cells of one shard. */
export const SHARD_CELLS_MAX = 262_144;
/** Characters of the name of a worker, a host or a lease. */
export const NAME_CHARS_MAX = 256;
/** Bytes of one gRPC message in either direction. */
export const MESSAGE_BYTES_MAX = 16 * 1024 * 1024;
/** Characters of a plan that is cut along the cells of earlier sweeps; it must fit a message. */
export const WORK_PLAN_CHARACTERS_MAX = 12 * 1024 * 1024;
/** Up to so many bytes a part is small: it travels and is stored together with others. */
export const SMALL_PART_BYTES_MAX = 64 * 1024;
/** Bytes of one Parquet part, sent in chunks of PART_CHUNK_BYTES. */
export const PART_BYTES_MAX = 256 * 1024 * 1024;
export const PART_CHUNK_BYTES = 256 * 1024;
/** Bytes of parts that wait for the disk; more are sent again later. */
export const COMMIT_QUEUE_BYTES_MAX = 512 * 1024 * 1024;
/** Duplicates that differed, of which a status shows a line each. */
export const MISMATCH_REPORTS_MAX = 1_000;
/** Priorities of sweeps go from −PRIORITY_MAX to PRIORITY_MAX. */
export const PRIORITY_MAX = 1_000;
/** Bytes of a part's Parquet footer, which the coordinator reads before it accepts the part. */
export const PART_FOOTER_BYTES_MAX = 4 * 1024 * 1024;

/** Days that certificates and tokens may be valid. */
export const CERTIFICATE_DAYS_MAX = 3_650;

/** Connections to one coordinator: a worker has one, and so has everybody who watches. */
export const CONNECTIONS_MAX = 12_000;
/** Of these from one address, so that one machine cannot take them all. */
export const CONNECTIONS_PER_ADDRESS_MAX = 4_000;
/** Calls that are open at the same time on one connection; further ones wait in the client. */
export const CALLS_PER_CONNECTION_MAX = 256;
/** Memory that HTTP/2 may hold for one connection, in MB. */
export const CONNECTION_MEMORY_MB_MAX = 64;
