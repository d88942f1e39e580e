//! The plan: which obligations a catalogue gives, for whom, opening and due when.
