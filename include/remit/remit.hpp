#pragma once

#include <remit/block_pool.hpp>
#include <remit/config.hpp>
#include <remit/counters.hpp>
#include <remit/embedding_worker.hpp>
#include <remit/error.hpp>
#include <remit/export.hpp>
#include <remit/keys.hpp>
#include <remit/language_worker.hpp>
#include <remit/layout.hpp>
#include <remit/memory_options.hpp>
#include <remit/options.hpp>
#include <remit/stream.hpp>
#include <remit/tensor_memory.hpp>
#include <remit/types.hpp>
