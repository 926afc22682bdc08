//! What OpenAPI says of one operation, in few words.

use serde_json::{Map, Value, json};

/// A reference to a schema of `components`.
pub fn schema_ref(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// An operation object. Every one may also answer a problem document (`default`).
#[derive(Debug, Clone)]
pub struct Operation {
    members: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

impl Operation {
    pub fn new(id: &str, tag: &str, summary: &str) -> Self {
        let mut members = Map::new();
        members.insert("operationId".into(), id.into());
        members.insert("tags".into(), json!([tag]));
        members.insert("summary".into(), summary.into());
        Self {
            members,
            parameters: Vec::new(),
            responses: Map::new(),
        }
    }

    /// Needs no token.
    #[must_use]
    pub fn open(self) -> Self {
        self.member("security", json!([]))
    }

    #[must_use]
    pub fn member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.into(), value);
        self
    }

    #[must_use]
    pub fn describe(self, description: &str) -> Self {
        self.member("description", description.into())
    }

    #[must_use]
    pub fn path(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter("path", name, description, true, schema)
    }

    /// An optional parameter of the query string.
    #[must_use]
    pub fn query(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter("query", name, description, false, schema)
    }

    /// An optional header.
    #[must_use]
    pub fn header(self, name: &str, description: &str, schema: Value) -> Self {
        self.parameter("header", name, description, false, schema)
    }

    #[must_use]
    pub fn idempotent(self) -> Self {
        self.header(
            "Idempotency-Key",
            "A retry under the same key runs nothing and gets the first answer, for 24 hours. Wins over the field.",
            json!({ "type": "string", "minLength": 1 }),
        )
    }

    #[must_use]
    pub fn parameter(
        mut self,
        place: &str,
        name: &str,
        description: &str,
        required: bool,
        schema: Value,
    ) -> Self {
        self.parameters.push(json!({
            "in": place,
            "name": name,
            "description": description,
            "required": required,
            "schema": schema
        }));
        self
    }

    /// The JSON body.
    #[must_use]
    pub fn takes(self, required: bool, schema: Value) -> Self {
        self.member(
            "requestBody",
            json!({ "required": required, "content": { "application/json": { "schema": schema } } }),
        )
    }

    /// An answer in JSON.
    #[must_use]
    pub fn answers(self, status: u16, description: &str, schema: Value) -> Self {
        self.answers_as(
            status,
            description,
            json!({ "application/json": { "schema": schema } }),
        )
    }

    /// An answer in other media types.
    #[must_use]
    pub fn answers_as(mut self, status: u16, description: &str, content: Value) -> Self {
        self.responses.insert(
            status.to_string(),
            json!({ "description": description, "content": content }),
        );
        self
    }

    /// An answer without a body.
    #[must_use]
    pub fn answers_nothing(mut self, status: u16, description: &str) -> Self {
        self.responses
            .insert(status.to_string(), json!({ "description": description }));
        self
    }

    pub fn to_json(&self) -> Value {
        let mut operation = self.members.clone();
        if !self.parameters.is_empty() {
            operation.insert("parameters".into(), self.parameters.clone().into());
        }
        let mut responses = self.responses.clone();
        responses.insert(
            "default".into(),
            json!({ "$ref": "#/components/responses/Problem" }),
        );
        operation.insert("responses".into(), responses.into());
        operation.into()
    }
}
