"""Why a model predicts what it predicts: SHAP values, column importance, and the plots of both."""
