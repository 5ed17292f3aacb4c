/** Every limit of the system, with its unit in its name. An error that enforces one names it. */

/** Cells of one sweep: an index must stay an exact double. */
export const SWEEP_CELLS_MAX = Number.MAX_SAFE_INTEGER;
/** Shape groups of one sweep: each is an entry in the plan that travels to every worker. */
export const SWEEP_GROUPS_MAX = 20_000;
/** Values in one explicit list of a sweep file. */
export const LIST_VALUES_MAX = 100_000;
/** Points of one learning-rate axis. */
export const AXIS_POINTS_MAX = 1_000_000_000;
/** Ends of an axis, of learning rates or of anything else. */
export const AXIS_VALUE_MIN = 1e-150;
export const AXIS_VALUE_MAX = 1e150;
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
/** Calls that one connection may begin in a second, and those that it may have saved up. */
export const CALLS_PER_SECOND_MAX = 500;
export const CALLS_BURST_MAX = 2_000;
/** Calls with one request and one answer that are answered at the same time. */
export const UNARY_CALLS_MAX = 1_000;
/** Sweeps that are being submitted at the same time: their plans are large. */
export const SUBMISSIONS_MAX = 16;
/** Those who watch sweeps, or the health of the coordinator. */
export const WATCHERS_MAX = 1_000;
/** Stored data sets that are being received, and sent, at the same time. */
export const DATASETS_INCOMING_MAX = 16;
export const DATASETS_OUTGOING_MAX = 256;
/** Parts that are being received at the same time, each by a call of its own, and their bytes. */
export const PARTS_INCOMING_MAX = 20_000;
export const PARTS_INCOMING_BYTES_MAX = 512 * 1024 * 1024;
/** Milliseconds in which something must come over a call that hands in a part or a data set. */
export const UPLOAD_SILENCE_MS_MAX = 60_000;
/** Bytes of a request that is not a sweep's plan. */
export const SMALL_REQUEST_BYTES_MAX = 1024 * 1024;
/** Milliseconds that a session may take to register. */
export const REGISTER_MS_MAX = 10_000;
/** Messages that one session may send in a second, and those that it may have saved up. */
export const SESSION_MESSAGES_PER_SECOND_MAX = 2_000;
export const SESSION_MESSAGES_BURST_MAX = 10_000;
/** Messages that wait in a stream whose other side does not read. */
export const MESSAGES_UNREAD_MAX = 10_000;
/** Leases in one message of a worker: those in hand, and those that are just being settled. */
export const MESSAGE_LEASES_MAX = 4 * SLOTS_MAX;
/** Numeric classes, and kernel versions, of one worker. */
export const WORKER_CLASSES_MAX = 32;
/** Characters of an error of a shard, or of what is said of a death, that are kept. */
export const STORY_CHARACTERS_MAX = 4_000;
/** Characters of the reason that goes with the status of a call. */
export const STATUS_CHARACTERS_MAX = 4_000;
/** How deep the JSON of a plan may be nested; that of a sweep file is nested about ten deep. */
export const PLAN_DEPTH_MAX = 64;

/** Lines of one message that a log writes in LOG_BURST_MS; the others are counted. */
export const LOG_BURST_LINES = 20;
export const LOG_BURST_MS = 10_000;
/** Characters of one field of a line of a log. */
export const LOG_FIELD_CHARS_MAX = 2_000;

/** Cells of a sweep whose map the dashboard shows, a byte each, and learning rates and seeds of its axes. */
export const DASHBOARD_CELLS_MAX = 64 * 1024 * 1024;
export const DASHBOARD_AXIS_NUMBERS_MAX = 2 * 1024 * 1024;

/** Failures of a sweep that the dashboard lists. */
export const DASHBOARD_FAILURES_MAX = 1_000;
/** Operations of floating point that the curve of one cell may take, roughly, and points of it. */
export const CURVE_OPERATIONS_MAX = 5e9;
export const CURVE_POINTS_MAX = 20_000;

/** Bytes, and number, of the headers of an HTTP request. */
export const HTTP_HEADER_BYTES_MAX = 8 * 1024;
export const HTTP_HEADERS_MAX = 50;
/** Bytes of what a page submits: a sweep file, as JSON. */
export const HTTP_BODY_BYTES_MAX = 2 * SWEEP_FILE_BYTES_MAX;
/** Such bodies that are being read at the same time. */
export const HTTP_BODIES_MAX = 16;
/** A request must be here so long after it began, and a connection without one is closed. */
export const HTTP_REQUEST_MS_MAX = 10_000;
export const HTTP_IDLE_MS_MAX = 65_000;
/** Connections of one HTTP server, and requests on each. */
export const HTTP_CONNECTIONS_MAX = 256;
export const HTTP_SOCKET_REQUESTS_MAX = 10_000;
/** Dashboards that are followed live at the same time: tabs that somebody looks at. */
export const HTTP_STREAMS_MAX = 128;
/** Characters of a sweep file that a page may hand in: it is read where sweeps are led. */
export const PAGE_SWEEP_CHARS_MAX = 256 * 1024;
/** Such files that wait to be read, and how long reading one, with making its data, may take. */
export const PAGE_SWEEPS_MAX = 16;
export const PAGE_SWEEP_MS_MAX = 20_000;
/** Workers whose numbers (leases, rate) a dashboard hears anew in a second; other changes always. */
export const FLEET_UPDATES_PER_SECOND_MAX = 500;
/** Numbers of changed cells that wait for a reader who is slow; beyond it fetches all of them anew. */
export const CELLS_UNREAD_MAX = 300_000;
/** Lines of the log that a dashboard shows. */
export const NOTES_MAX = 200;
/** Shape groups with time series of their own: those that were worked on last. */
export const METRIC_GROUPS_MAX = 50;
/** Sweeps with time series of their own: those that run, then the newest. */
export const METRIC_SWEEPS_MAX = 100;
/** Within so long the slots that are wanted (phasesweep_slots_wanted) would finish what is left. */
export const SLOTS_WANTED_MS = 5 * 60_000;
