#include "worker/tally/message_tally.hpp"

#include "worker/mailbox.hpp"

#include <algorithm>
#include <string>

namespace remit::worker {
namespace {

/// "not a number" → "not_a_number".
std::string label_of(std::string_view words) {
    std::string label(words);
    std::replace(label.begin(), label.end(), ' ', '_');
    return label;
}

}  // namespace

void MessageTally::publish(Mailbox& mailbox) noexcept {
    const Mailbox::Counters& parsed = mailbox.counters();
    const control::ChannelCounters channel = mailbox.channel().counters();
    received_.set(channel.received);
    for (std::size_t i = 0; i < undecodable_.size(); ++i) undecodable_[i].set(parsed.undecodable[i]);
    foreign_return_address_.set(parsed.foreign_return_addresses);
    too_many_frames_.set(channel.too_many_frames);
    too_many_bytes_.set(channel.too_many_bytes);
    overflow_.set(channel.overflows);
    too_large_.set(channel.too_large);
    unreachable_.set(channel.unreachable);
    denied_key_.set(channel.denied_keys);
    failed_handshake_.set(channel.failed_handshakes);
}

void MessageTally::collect(metrics::Collector& collector) const {
    collector.counter("remit_messages_received_total", "Control messages taken from peers, whatever they said.",
                      received_.value());
    const char* const dropped = "Control messages from peers that were dropped, by cause.";
    for (std::size_t i = 0; i < undecodable_.size(); ++i) {
        collector.counter("remit_messages_dropped_total", dropped, undecodable_[i].value(),
                          {{"cause", label_of(to_string(static_cast<protocol::DecodeFault>(i)))}});
    }
    collector.counter("remit_messages_dropped_total", dropped, foreign_return_address_.value(),
                      {{"cause", "foreign_return_address"}});
    collector.counter("remit_messages_dropped_total", dropped, too_many_frames_.value(), {{"cause", "too_many_frames"}});
    collector.counter("remit_messages_dropped_total", dropped, too_many_bytes_.value(), {{"cause", "too_many_bytes"}});
    const char* const unsent = "Control messages to peers that could not be sent, by cause.";
    collector.counter("remit_messages_unsent_total", unsent, overflow_.value(), {{"cause", "overflow"}});
    collector.counter("remit_messages_unsent_total", unsent, too_large_.value(), {{"cause", "too_large"}});
    collector.counter("remit_messages_unsent_total", unsent, unreachable_.value(), {{"cause", "unreachable"}});
    const char* const refused = "Connections to the control channel that were refused, by cause.";
    collector.counter("remit_connections_refused_total", refused, denied_key_.value(), {{"cause", "denied_key"}});
    collector.counter("remit_connections_refused_total", refused, failed_handshake_.value(),
                      {{"cause", "failed_handshake"}});
}

}  // namespace remit::worker
