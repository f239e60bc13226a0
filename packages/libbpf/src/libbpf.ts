import { load } from '@wireproof/ffi'

/**
 * The functions of libbpf 1.x this package calls. Those that return `int` return minus an errno; those that return a
 * pointer return null and set errno. `options` are structs that begin with their own size, laid out where they are used.
 */
export const libbpf = load('libbpf.so.1', {
  bpf_map__fd: 'int bpf_map__fd(const void *map)',
  bpf_map__key_size: 'uint32_t bpf_map__key_size(const void *map)',
  bpf_map__max_entries: 'uint32_t bpf_map__max_entries(const void *map)',
  bpf_map__reuse_fd: 'int bpf_map__reuse_fd(void *map, int fd)',
  bpf_map_get_fd_by_id: 'int bpf_map_get_fd_by_id(uint32_t id)',
  bpf_prog_get_fd_by_id: 'int bpf_prog_get_fd_by_id(uint32_t id)',
  bpf_map__name: 'const char *bpf_map__name(const void *map)',
  bpf_map__pin: 'int bpf_map__pin(void *map, const char *path)',
  bpf_map__set_initial_value: 'int bpf_map__set_initial_value(void *map, const uint8_t *data, size_t size)',
  bpf_map__set_max_entries: 'int bpf_map__set_max_entries(void *map, uint32_t entries)',
  bpf_map__type: 'int bpf_map__type(const void *map)',
  bpf_map__value_size: 'uint32_t bpf_map__value_size(const void *map)',
  bpf_map_delete_elem: 'int bpf_map_delete_elem(int fd, const uint8_t *key)',
  bpf_map_get_next_key: 'int bpf_map_get_next_key(int fd, const uint8_t *key, _Out_ uint8_t *next)',
  bpf_map_lookup_batch:
    'int bpf_map_lookup_batch(int fd, const uint8_t *in, _Out_ uint8_t *out, _Out_ uint8_t *keys, _Out_ uint8_t *values, _Inout_ uint8_t *count, const uint8_t *options)',
  bpf_map_lookup_elem: 'int bpf_map_lookup_elem(int fd, const uint8_t *key, _Out_ uint8_t *value)',
  bpf_map_update_batch:
    'int bpf_map_update_batch(int fd, const uint8_t *keys, const uint8_t *values, _Inout_ uint8_t *count, const uint8_t *options)',
  bpf_map_update_elem:
    'int bpf_map_update_elem(int fd, const uint8_t *key, const uint8_t *value, uint64_t flags)',
  bpf_obj_get_info_by_fd:
    'int bpf_obj_get_info_by_fd(int fd, _Inout_ uint8_t *info, _Inout_ uint8_t *length)',
  bpf_object__close: 'void bpf_object__close(void *object)',
  bpf_object__find_map_by_name: 'void *bpf_object__find_map_by_name(const void *object, const char *name)',
  bpf_object__find_program_by_name:
    'void *bpf_object__find_program_by_name(const void *object, const char *name)',
  bpf_object__load: 'int bpf_object__load(void *object)',
  bpf_object__next_map: 'void *bpf_object__next_map(const void *object, const void *previous)',
  bpf_object__open_mem:
    'void *bpf_object__open_mem(const uint8_t *bytes, size_t size, const uint8_t *options)',
  bpf_prog_test_run_opts: 'int bpf_prog_test_run_opts(int fd, _Inout_ uint8_t *options)',
  bpf_program__fd: 'int bpf_program__fd(const void *program)',
  bpf_tc_attach: 'int bpf_tc_attach(const uint8_t *hook, _Inout_ uint8_t *options)',
  bpf_tc_detach: 'int bpf_tc_detach(const uint8_t *hook, const uint8_t *options)',
  bpf_tc_hook_create: 'int bpf_tc_hook_create(_Inout_ uint8_t *hook)',
  bpf_tc_query: 'int bpf_tc_query(const uint8_t *hook, _Inout_ uint8_t *options)',
  libbpf_num_possible_cpus: 'int libbpf_num_possible_cpus()',
  libbpf_probe_bpf_helper: 'int libbpf_probe_bpf_helper(int programType, int helper, const uint8_t *options)',
  libbpf_probe_bpf_map_type: 'int libbpf_probe_bpf_map_type(int type, const uint8_t *options)',
  libbpf_probe_bpf_prog_type: 'int libbpf_probe_bpf_prog_type(int type, const uint8_t *options)',
  libbpf_set_print: 'void *libbpf_set_print(void *callback)',
})

// libbpf writes its complaints to stderr, which belongs to the program; what matters of them is in BpfError.
libbpf.libbpf_set_print(null)
