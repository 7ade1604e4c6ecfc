//! The file of a model, with the place of what is wrong in it.

use std::path::Path;

use super::{ModelError, ModelKind, ModelSpecification, TrainingConfig};
use crate::config::load_node;
use crate::config::yaml::Node;
use crate::error::{FeaturesError, Location, Result};

impl TrainingConfig {
    /// Reads a YAML file, and checks it as far as that goes without a table.
    ///
    /// # Errors
    ///
    /// [`FeaturesError::Io`] where the file cannot be read; [`FeaturesError::Configuration`], with line and column, for
    /// all that [`validate`](Self::validate) refuses and what does not fit.
    pub fn load_from_yaml(path: impl AsRef<Path>) -> Result<Self> {
        let (mut root, name) = load_node(path.as_ref())?;
        // Serde would read a kind and its settings from a copy that has no places.
        let whole = root.clone();
        let model = root.take("model");
        let mut config: Self = root.read(&name)?;
        if let Some(model) = model {
            config.model = specification(model, &name)?;
        }
        match config.validate() {
            Err(FeaturesError::Model(error)) => {
                let place = place_of(&error, &whole).unwrap_or(&whole);
                Err(misfit(place.location(&name), error.to_string(), error.hint()))
            }
            outcome => outcome.map(|()| config),
        }
    }
}

fn specification(mut model: Node, path: &str) -> Result<ModelSpecification> {
    let Some(kind) = model.take("kind") else {
        let message = "model: expected a `kind`, such as `kind: linear`".to_owned();
        return Err(misfit(model.location(path), message, "`features-pipeline schema model` prints all forms"));
    };
    Ok(match kind.read::<ModelKind>(path)? {
        ModelKind::Linear => ModelSpecification::Linear(model.read(path)?),
        ModelKind::Ridge => ModelSpecification::Ridge(model.read(path)?),
        ModelKind::Lasso => ModelSpecification::Lasso(model.read(path)?),
        ModelKind::ElasticNet => ModelSpecification::ElasticNet(model.read(path)?),
        ModelKind::Logistic => ModelSpecification::Logistic(model.read(path)?),
        ModelKind::Lex => ModelSpecification::Lex(model.read(path)?),
    })
}

/// What an error is about.
fn place_of<'a>(error: &ModelError, root: &'a Node) -> Option<&'a Node> {
    let find = |name: &str| root.settings().into_iter().find(|(key, _)| *key == name).map(|(_, value)| value);
    let features = find("feature_columns");
    match error {
        ModelError::InvalidSetting { setting, .. } => find(setting),
        ModelError::DuplicateFeature { column } | ModelError::TargetAmongFeatures { column } => {
            features?.last_item(column)
        }
        ModelError::NoFeatures => features,
        _ => find("model"),
    }
}

fn misfit(location: Location, message: String, hint: &str) -> FeaturesError {
    FeaturesError::Configuration { location, message, hint: hint.to_owned() }
}
