//! Bodies that the isolate holds. A body is there twice at most: in the buffer that it came in, which is forwarded and
//! stored as it is, and until it is verified in the module's memory, where the engine reads it. All bodies together have
//! a limit, so that they never exhaust the isolate's memory.

use js_sys::Uint8Array;
use keystile_core::base::problem::Problem;
use keystile_runtime::body;
use wasm_bindgen::JsValue;

use crate::glue::{self, Room};

/// A body in the platform's buffer. The buffer and its room are free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Buffer {
    bytes: Uint8Array,
    room: Option<Room>,
}

impl Buffer {
    /// Reads a request's body as it came.
    ///
    /// # Errors
    /// The reason why the body can't be read; 503 if the isolate holds too many others.
    pub(crate) async fn receive(request: &JsValue, limit: u32) -> Result<Self, Problem> {
        // The room is left even if the body is not read to its end.
        let mut buffer = Self { bytes: Uint8Array::default(), room: Some(Room::new()) };
        let room = buffer.room.as_ref().map(JsValue::from).unwrap_or_default();
        let full = || Problem::unavailable("Too many long bodies are being received right now; send it again.");
        buffer.bytes = body::receive(request, limit, &room).await?.ok_or_else(full)?;
        Ok(buffer)
    }

    /// A body from a queue or a store.
    pub(crate) const fn of(bytes: Uint8Array) -> Self {
        Self { bytes, room: None }
    }

    /// A copy in the module's memory.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        self.bytes.to_vec()
    }

    /// The length, bytes.
    pub(crate) fn len(&self) -> u32 {
        self.bytes.length()
    }

    /// The body for the platform.
    pub(crate) const fn bytes(&self) -> &Uint8Array {
        &self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        glue::release(&self.bytes);
        if let Some(room) = &self.room {
            room.leave();
        }
    }
}
