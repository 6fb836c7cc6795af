export default { experimental: { isrFlushToDisk: false } };
